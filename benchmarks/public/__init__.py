"""Public training programs, run with and without tb_bnplugin: is any broken, changed, or blamed?

The programs stay where they are published: a table says which commit and file, and what is patched
(data, sizes, epochs), and their text is read from git when they are run. `program` is the table's
row, `programs/` the rows, `sources` reads git, `made_up` and `stand_ins` are the data and modules
that a program gets instead of its own, `watching` what looks on, `run_program` a process that runs
one program, `runner` all of them.
"""

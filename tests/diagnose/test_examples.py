"""Every rule has short programs that show it; their file is read as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb_bnplugin.diagnose import COMPARISONS, RULES, examples
from tb_bnplugin.diagnose.examples import Example, Line, parse_examples, read_examples
from tb_bnplugin.errors import ExampleError

CODES = [rule.RULE.code for rule in (*RULES, *COMPARISONS)]
PROGRAMS = [
    pytest.param(example, id=f"{code}-{example.trained_by}")
    for code in CODES
    for example in read_examples(code).programs
]
MOST_LINES = 40
WIDEST = 92  # characters that fit into the page's dialog
MOST_CHANGES = 6  # a reader should see at once what is different

FIT = """\
### Faulty: fit

Keras: tf_keras

It is wrong.

```python
import keras
wrong()
end()
```

### Cure: fit

It is right.

```python
import keras
right()
end()
```
"""


@pytest.mark.parametrize("code", CODES)
def test_a_rule_has_programs_for_fit_and_for_a_loop_or_says_why_not(code: str) -> None:
    found = read_examples(code)
    ways = [example.trained_by for example in found.programs]
    assert ways in (["fit", "loop"], ["fit"], ["loop"])
    assert bool(found.note) == (len(ways) == 1)


def test_no_program_is_left_of_a_rule_that_is_gone() -> None:
    folder = Path(str(examples.__file__)).parent
    assert {path.stem for path in folder.glob("*.md")} == set(CODES)


@pytest.mark.parametrize("example", PROGRAMS)
def test_a_program_is_short_and_prints_what_was_found(example: Example) -> None:
    for source in (example.faulty, example.cured):
        lines = source.splitlines()
        assert len(lines) <= MOST_LINES
        assert max(map(len, lines)) <= WIDEST
        assert lines[0] == "import keras"
        assert lines[-1].startswith("print([finding.code for finding in ")


@pytest.mark.parametrize("example", PROGRAMS)
def test_a_cure_is_a_few_changed_lines_and_a_sentence(example: Example) -> None:
    changed = [line for line in example.lines if line.mark != " "]
    assert 1 <= len(changed) <= MOST_CHANGES
    assert example.fault.endswith(".")
    assert example.cure.endswith(".")


def test_both_programs_are_read_and_laid_over_each_other() -> None:
    (example,) = parse_examples(FIT).programs
    assert (example.fault, example.cure) == ("It is wrong.", "It is right.")
    assert example.keras == ("tf_keras",)
    assert example.title == "Example with `fit`, on tf_keras only"
    assert example.lines == (
        Line(mark=" ", text="import keras"),
        Line(mark="-", text="wrong()"),
        Line(mark="+", text="right()"),
        Line(mark=" ", text="end()"),
    )


def test_changes_leave_out_what_is_far_from_them() -> None:
    source = "a\nb\nc\nd\ne\nf\n"
    example = Example(
        trained_by="fit",
        keras=("keras", "tf_keras"),
        fault="",
        cure="",
        faulty=source,
        cured=source.replace("b", "B").replace("f", "F"),
    )
    assert [f"{line.mark}{line.text}" for line in example.changes] == [
        *(" a", "-b", "+B", " c", " ..."),
        *(" e", "-f", "+F"),
    ]


def test_a_note_stands_before_the_programs() -> None:
    assert parse_examples(f"Only with `fit`.\n\n{FIT}").note == "Only with `fit`."
    assert parse_examples(FIT).note == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FIT[: FIT.index("### Cure")], "only one of Faulty and Cure"),
        (FIT + FIT, "stands there twice"),
        (FIT.replace("Keras: tf_keras", "Keras: keras2"), "'keras2' is none of keras, tf_keras"),
        (FIT.replace("```python\nimport keras\nright", "```\nright"), "0 blocks of Python"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(ExampleError, match=said):
        parse_examples(text)

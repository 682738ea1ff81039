"""What a marked choice leaves in a program, and what it takes out."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from benchmarks.fixes.marks import read_marks

PROGRAM = """
def run(cure):
    if cure == "frozen":
        layer.trainable = False
    with tape:
        if cure:
            y = model(x, training=True)
        else:
            y = model(x)
    loss = mean(y) if cure != "summed" else total(y)
    if cured_elsewhere:
        log(loss)
"""


def lines(nodes: Sequence[ast.AST]) -> list[str]:
    return [ast.unparse(node) for node in nodes]


def test_each_cure_has_lines_of_its_own() -> None:
    assert lines(read_marks(PROGRAM, "frozen").cured) == [
        "layer.trainable = False",
        "y = model(x, training=True)",
    ]
    assert lines(read_marks(PROGRAM, "summed").cured) == ["y = model(x, training=True)", "total(y)"]


def test_faulty_lines_are_those_that_a_cure_takes_out() -> None:
    assert lines(read_marks(PROGRAM, "frozen").faulty) == ["y = model(x)"]
    assert lines(read_marks(PROGRAM, "summed").faulty) == ["y = model(x)", "mean(y)"]


def test_what_is_kept_is_the_whole_cured_program() -> None:
    (kept,) = lines(read_marks(PROGRAM, "frozen").kept)
    assert "log(loss)" in kept
    assert "mean(y)" in kept
    assert "y = model(x)\n" not in kept

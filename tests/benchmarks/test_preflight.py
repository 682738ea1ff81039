"""The harness that looks at programs before they train: steps of their loops, and its figures."""

from __future__ import annotations

import ast
import sys
from textwrap import dedent
from types import FrameType
from typing import Any

import pytest

from benchmarks.__main__ import GROUPS
from benchmarks.findings.runner import programs
from benchmarks.preflight.figures import SAMPLE, figures_of
from benchmarks.preflight.loops import bind, body_as_step, find_call, find_loop


def loop_of(text: str) -> ast.For:
    tree = ast.parse(dedent(text))
    found = find_loop(tree, 1)
    assert found is not None
    return found


def here(**names: Any) -> FrameType:
    """A frame with these local names."""
    held: dict[str, Any] = {**names, "sys": sys}
    exec("frame = sys._getframe()", held)
    frame: FrameType = held["frame"]
    return frame


COUNTED = """\
for step, (x, y) in enumerate(batches(a, b, size=2, steps=3), 1):
    train_step(x + y)
    total = total + x
    seen = [each for each in (x, y)]
    if step % 2 == 0:
        total = 0
    bench.record(model, step)
"""


def test_the_body_is_called_by_a_name_of_its_own_and_what_it_assigns_lasts() -> None:
    given: list[int] = []

    def train_step(value: int) -> None:
        given.append(value)

    frame = here(train_step=train_step, total=0, each="kept")
    body = body_as_step(loop_of(COUNTED), frame, "program.py")
    assert body is not None
    for turn in range(1, 4):
        body(turn, 10)
    assert given == [11, 12, 13]  # of the program's own `train_step`, each turn once
    held = body.__globals__
    assert (held["step"], held["total"], held["each"]) == (3, 3, "kept")
    assert frame.f_locals["total"] == 0  # the program's own goes on as it was


def test_a_loop_over_batches_alone_counts_nothing() -> None:
    body = body_as_step(loop_of("for x, y in batches(a, b):\n    out.append(x)"), here(out=[]), "p")
    assert body is not None
    body(3, 4)
    assert body.__globals__["out"] == [3]


def test_a_loop_over_whole_batches_has_no_step() -> None:
    loop = loop_of("for batch in batches(a, b):\n    train(batch)")
    assert body_as_step(loop, here(), "p") is None


def test_the_step_that_a_loop_calls() -> None:
    loop = loop_of(COUNTED)
    call = find_call(loop.body, ["train_step"])
    assert call is not None
    assert ast.unparse(call) == "train_step(x + y)"
    assert find_call(loop.body, ["another_step"]) is None
    names: dict[str, Any] = {}
    bind(loop, (1, 2), names)
    assert names == {"step": 1, "x": 1, "y": 2}


def answer(name: str, *found: str, expected: tuple[str, ...] = (), **more: Any) -> Any:
    return {"program": name, "expected": expected, "found": found, "reports": 1, **more}


@pytest.mark.parametrize(
    ("answers", "values"),
    [
        ([answer("a", "BN101 error", expected=("BN101",)), answer("b", "BN108 info")], [0, 0, 0]),
        ([answer("a", "BN104 error", expected=("BN101",))], [0, 1, 0]),
        ([answer("a", "BN211 info", expected=("BN108",), instead=("BN211",))], [0, 0, 0]),
        ([answer("a", "BN108 info", "BN202 warning")], [0, 0, 1]),
        ([answer("a", reports=0), {"program": "b", "error": "died"}], [2, 0, 0]),
    ],
    ids=[
        "all well",
        "another code",
        "one that it refers to",
        "a warning of a healthy one",
        "not looked at",
    ],
)
def test_the_figures(answers: list[Any], values: list[int]) -> None:
    figures = list(figures_of(answers, "keras"))
    assert [each.value for each in figures] == values
    assert [each.holds for each in figures] == [not value for value in values]


def test_the_sample_is_a_group_of_programs_that_are_there() -> None:
    assert "preflight" in GROUPS
    kinds = [each.split("/")[0] for each in programs(SAMPLE)]
    assert min(kinds.count("faulty"), kinds.count("healthy")) >= 5

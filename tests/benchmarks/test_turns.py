"""Loops that draw their rows themselves, and what a loop says of its loss before a step."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import numpy as np
import pytest

from benchmarks.preflight.given import Given
from benchmarks.preflight.loops import recorded_in, told_of_the_loss
from benchmarks.preflight.turns import FirstTurn

PROGRAM = """\
def run(bench, train_step, model):
    total = 0
    for epoch in range(2):
        for step in range(3):
            {drawn}
            {made}
            bench.record(model, step)
    return total
"""


class Model:
    """What takes rows of three numbers."""

    input_shape = (None, 3)


class Recorder:
    """A bench that does nothing."""

    def record(self, model: Any, step: int) -> None:
        """Nothing."""


def imported(folder: Path, text: str) -> ModuleType:
    file = folder / "program.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location("program", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def awaiting(module: ModuleType, seen: list[Any]) -> Iterator[None]:
    """Keeps the values of the loop's names at its first step."""
    file = str(module.__file__)

    def found(loop: ast.For, frame: FrameType) -> None:
        seen.append({"line": frame.f_lineno, **frame.f_locals})

    with FirstTurn(ast.parse(Path(file).read_text()), file, found).awaited():
        yield


@pytest.mark.parametrize(
    "made",
    ["total += train_step(rows)", "if step >= 0:\n                total += train_step(rows)"],
    ids=["in the body", "under a condition"],
)
def test_a_loop_is_looked_at_once_before_its_first_step(tmp_path: Path, made: str) -> None:
    module = imported(tmp_path, PROGRAM.format(drawn="rows = 10 * (step + 1)", made=made))
    seen: list[Any] = []
    with awaiting(module, seen):
        total = module.run(Recorder(), lambda rows: rows, Model())
    (names,) = seen
    assert (names["rows"], names["total"], names["line"]) == (10, 0, 6)
    assert total == 2 * (10 + 20 + 30)  # the program goes on


def test_a_loop_without_a_step_or_over_batches_is_not_looked_at(tmp_path: Path) -> None:
    seen: list[Any] = []
    alone = imported(tmp_path, PROGRAM.format(drawn="rows = step", made="total += rows"))
    with awaiting(alone, seen):
        assert alone.run(Recorder(), None, Model()) == 6
    text = PROGRAM.format(drawn="rows = step", made="total += train_step(rows)")
    drawn = "import builtins\nbatches = builtins.range\n" + text.replace(" range(", " batches(")
    over_batches = imported(tmp_path, drawn)
    with awaiting(over_batches, seen):
        over_batches.run(Recorder(), int, Model())
    assert seen == []


LOOP = """\
for step in range(3):
    x, y = draw()
    loss, made = train_step(x, y)
    bench.loss_reduction(loss_of, {labels}, made, step=step, sample_weight={weights})
    bench.record(first, step)
    bench.record(second, step)
"""


@pytest.mark.parametrize(
    ("labels", "weights", "told"),
    [("x", "w", (1, 3)), ("2 * y", "made", (4, None)), ("elsewhere", "0 * w", (None, 0))],
    ids=["of the inputs", "made by the step", "of another function"],
)
def test_what_a_loop_says_of_its_loss(labels: str, weights: str, told: tuple[Any, Any]) -> None:
    loop = ast.parse(LOOP.format(labels=labels, weights=weights)).body[0]
    assert isinstance(loop, ast.For)
    names: dict[str, Any] = {"x": 1, "y": 2, "w": 3, "made": 9, "first": "a"}
    assert told_of_the_loss(loop, loop.body[1:], names) == told
    assert recorded_in(loop, names) == ["a"]


def test_the_inputs_of_a_model_are_what_it_takes() -> None:
    state, action = np.zeros((8, 2)), np.ones((8, 3))
    assert Given(state, None, None, (state, action)).of(Model()) is action
    assert Given(state, None, None, (state,)).of(Model()) is state
    assert Given(state, None, None, None).of(Model()) is state

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tb_bnplugin.dashboard.payload.cells import Axis
from tb_bnplugin.dashboard.payload.curve import Curve, choose, curve_row, read_curve
from tb_bnplugin.history.model import RunHistory
from tb_bnplugin.logs.provider import Reader, ScalarSeries
from tests.support.histories import create_history, create_loss, create_probe


class Scalars(Reader):
    """A log whose scalars are these."""

    def __init__(self, *series: ScalarSeries) -> None:
        self._series = {(entry.run, entry.tag): entry for entry in series}

    def list_scalars(self, runs: object) -> dict[str, list[str]]:
        """The tags of the given scalars."""
        return {run: [tag] for run, tag in self._series}

    def read_scalar(self, run: str, tag: str) -> ScalarSeries:
        """One of the given scalars."""
        return self._series[run, tag]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"x/train": ["batch_loss", "epoch_loss"]}, ("x/train", "batch_loss")),
        ({"x/train": ["epoch_loss"], "x/validation": ["loss"]}, ("x/train", "epoch_loss")),
        ({"x": ["loss"], "x/train": ["head_loss"]}, ("x/train", "head_loss")),
        ({"x/validation": ["epoch_loss"]}, ("x/validation", "epoch_loss")),
        ({"x/train": ["accuracy", "learning_rate"]}, None),
        ({}, None),
    ],
)
def test_loss_of_the_training_comes_first(
    tags: dict[str, list[str]], expected: tuple[str, str] | None
) -> None:
    assert choose("x/train", tags) == expected


def test_without_a_scalar_the_measured_loss_is_shown_then_that_of_the_probe() -> None:
    measured = create_history(losses=(create_loss(steps=(10, 20), measured=5.0),))
    probed = create_history(probe=create_probe(1.0, 0.5, steps=(10, 20)))
    curves = [
        read_curve(Scalars(), RunHistory(run="r", models=models, notes=()))
        for models in ((measured,), (probed,), (create_history(),), ())
    ]
    given, held, nothing, no_model = curves
    assert given is not None
    assert (given.steps.tolist(), given.values.tolist()) == ([10.0, 20.0], [5.0, 5.0])
    assert held is not None
    assert held.name == "loss of the held batch"
    assert (nothing, no_model) == (None, None)


def test_scalar_lies_on_the_train_steps() -> None:
    history = replace(create_history(), epochs=((0, 25), (1, 50)))
    scalar = ScalarSeries(
        run="train",
        tag="epoch_loss",
        steps=np.array([0, 1]),
        wall_times=np.array([1025.0, 1050.0]),
        values=np.array([2.0, 1.0]),
    )
    curve = read_curve(Scalars(scalar), RunHistory(run="train", models=(history,), notes=()))
    assert curve is not None
    assert curve.steps.tolist() == [25.0, 50.0]


def test_row_tells_where_the_loss_is_not_finite() -> None:
    axis = Axis(first=0.0, last=40.0)
    curve = Curve(name="loss", steps=np.arange(4.0), values=np.array([np.nan, 4.0, 2.0, np.inf]))
    row = curve_row(curve, axis)
    assert row is not None
    assert (row["ends"], row["not_finite_at"]) == ([4.0, 2.0], 0.0)
    assert row["values"][:4] == [None, 4.0, 2.0, None]
    lost = Curve(name="loss", steps=np.arange(2.0), values=np.full(2, np.nan))
    assert curve_row(lost, axis) is None

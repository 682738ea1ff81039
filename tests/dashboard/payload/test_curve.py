from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from tb_bnplugin.dashboard.payload.cells import Axis
from tb_bnplugin.dashboard.payload.curve import (
    RUNS_AT_ONCE,
    Curve,
    LossReader,
    choose,
    create_curve,
    curve_row,
)
from tb_bnplugin.history.model import RunHistory
from tb_bnplugin.logs.provider import Reader, ScalarSeries
from tests.support.histories import create_history, create_loss, create_probe


class Scalars(Reader):
    """A log whose scalars are these, and how often it was asked for some."""

    def __init__(self, *series: ScalarSeries) -> None:
        self._series = {(entry.run, entry.tag): entry for entry in series}
        self.asked = 0

    def list_scalars(self, runs: Iterable[str]) -> dict[str, list[str]]:
        """The tags of the given scalars."""
        return {run: [tag] for run, tag in self._series if run in {*runs}}

    def read_some_scalars(
        self, wanted: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], ScalarSeries]:
        """Those of the given scalars that are wanted."""
        self.asked += 1
        return {pair: self._series[pair] for pair in wanted}


def scalar(run: str) -> ScalarSeries:
    """A loss at the end of each of two epochs."""
    return ScalarSeries(
        run=run,
        tag="epoch_loss",
        steps=np.array([0, 1]),
        wall_times=np.array([1025.0, 1050.0]),
        values=np.array([2.0, 1.0]),
    )


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


def test_without_a_scalar_the_mean_of_a_measured_loss_is_shown_then_that_of_the_probe() -> None:
    scaled = create_loss(steps=(10, 20), value_given=0.02, measured=5.0, keras_mean=1.25)
    measured = create_history(losses=(scaled,))
    probed = create_history(probe=create_probe(1.0, 0.5, steps=(10, 20)))
    curves = [
        create_curve(None, RunHistory(run="r", models=models, notes=()))
        for models in ((measured,), (probed,), (create_history(),), ())
    ]
    given, held, nothing, no_model = curves
    assert given is not None
    assert given.name == "mean of loss on one batch"
    assert (given.steps.tolist(), given.values.tolist()) == ([10.0, 20.0], [1.25, 1.25])
    assert held is not None
    assert held.name == "loss of the held batch"
    assert (nothing, no_model) == (None, None)


def test_a_loss_without_a_mean_of_keras_is_no_loss_of_the_table() -> None:
    own = create_history(losses=(create_loss(measured=5.0, keras_mean=np.nan),))
    assert create_curve(None, RunHistory(run="r", models=(own,), notes=())) is None


def test_the_mean_says_where_it_is_of_the_held_batch() -> None:
    loss = create_loss(keras_mean=1.25)
    assert loss.facts is not None
    held = replace(loss, facts=replace(loss.facts, taken_from="probe_data"))
    history = create_history(losses=(held,))
    curve = create_curve(None, RunHistory(run="r", models=(history,), notes=()))
    assert curve is not None
    assert curve.name == "mean of loss on the held batch"


def test_scalar_lies_on_the_train_steps() -> None:
    history = replace(create_history(), epochs=((0, 25), (1, 50)))
    curve = create_curve(scalar("train"), RunHistory(run="train", models=(history,), notes=()))
    assert curve is not None
    assert curve.steps.tolist() == [25.0, 50.0]


def test_scalars_of_many_runs_are_read_some_at_a_time() -> None:
    runs = [f"r{at}/train" for at in range(2 * RUNS_AT_ONCE)]
    log = Scalars(*(scalar(run) for run in runs[1:]))
    losses = LossReader(log, runs)
    read = [losses.of(run) for run in runs]
    assert [entry and entry.run for entry in read] == [None, *runs[1:]]
    assert log.asked == 2
    assert losses.of("unforeseen") is None


def test_row_tells_where_the_loss_is_not_finite() -> None:
    axis = Axis(first=0.0, last=40.0)
    curve = Curve(name="loss", steps=np.arange(4.0), values=np.array([np.nan, 4.0, 2.0, np.inf]))
    row = curve_row(curve, axis)
    assert row is not None
    assert (row["ends"], row["not_finite_at"]) == ([4.0, 2.0], 0.0)
    assert row["values"][:4] == [None, 4.0, 2.0, None]
    lost = Curve(name="loss", steps=np.arange(2.0), values=np.full(2, np.nan))
    assert curve_row(lost, axis) is None

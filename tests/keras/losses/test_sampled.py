"""Steps that are measured, of models whose predictions are few and many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.watched_step import WatchedStep
from tb_bnplugin.keras.losses import sampled
from tb_bnplugin.keras.losses.sampled import SampledSteps
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS
from tests.conftest import Flavour
from tests.keras.gradient.own_step import RUNS, create

ROWS, LAST, PLACES, BATCHES, EPOCHS = 8, 4, 5, 6, 2
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(ROWS * (BATCHES - 1) + LAST, PLACES, 3)).astype("float32")
Y = RANDOM.normal(size=(*X.shape[:2], 2)).astype("float32")


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten predictions a row are many; of 12 steps those with the index 0, 1, 4 and 8 are due."""
    for name, value in {"FEW_A_ROW": 9, "FEW_A_BATCH": 1, "DENSE_STEPS": 2, "GAP": 4}.items():
        monkeypatch.setattr(sampled, name, value)


MEASURED = 5
"""Those four, and the last of the first epoch, which is smaller than all before it."""


def fit(model: Any) -> None:
    batches = tf.data.Dataset.from_tensor_slices((X, Y)).batch(ROWS)
    model.fit(batches, epochs=EPOCHS, shuffle=False, verbose=0)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("how", RUNS)
def test_some_steps_of_many_predictions_are_measured(flavour: Flavour, how: str) -> None:
    """The factor is that of all steps, and the weights are those of a training without it."""

    def build() -> Any:
        def summed(y: Any, predictions: Any) -> Any:
            return 10.0 * tf.reduce_mean(tf.square(y - predictions))

        return create(flavour.keras, summed, "mse", (PLACES, 3), 2, **RUNS[how])

    model, bare = build(), build()
    step = WatchedStep(model, tf.distribute.get_strategy(), Guard("own"))
    step.begin()
    for each in (model, bare):
        fit(each)
    taken = step.take()
    assert taken is not None
    measured = dict(zip(GRADIENT_COLUMNS, taken.tolist(), strict=True))
    assert measured["factor"] == pytest.approx(10.0, rel=1e-5)
    assert measured["cosine"] == pytest.approx(1.0)
    assert (measured["steps"], measured["passes"]) == (MEASURED, MEASURED)
    values = step.values.take()
    assert values["compiled_steps"] == MEASURED
    assert values["epoch_steps"] == BATCHES * EPOCHS
    for ours, theirs in zip(model.get_weights(), bare.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.usefixtures("many")
def test_an_epoch_without_a_measured_step_says_so(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has steps, and no loss."""
    monkeypatch.setattr(sampled, "GAP", 1000)
    model = create(flavour.keras, lambda y, p: tf.reduce_mean((y - p) ** 2), "mse", (PLACES, 3), 2)
    step = WatchedStep(model, tf.distribute.get_strategy(), Guard("own"))
    step.begin()
    fit(model)
    step.values.take()
    fit(model)
    assert step.values.take() == {"compiled_steps": 0.0, "epoch_steps": BATCHES * EPOCHS}


def test_every_step_of_few_predictions_is_measured() -> None:
    """No branch is put into the graph of such a model."""
    few = tf.zeros((4, sampled.FEW_A_ROW))
    assert SampledSteps(tf.distribute.get_strategy()).is_due([few]) is None


def test_small_batches_of_many_predictions_are_measured() -> None:
    """A thousand classes in batches of 32 rows are no burden."""
    steps = SampledSteps(tf.distribute.get_strategy())
    small = tf.zeros((32, 1000))
    large = tf.zeros((64, 1000))
    due = [bool(steps.is_due([small])) for _ in range(2 * sampled.DENSE_STEPS)]
    assert all(due)
    assert bool(steps.is_due([large]))  # the first of its size
    assert not bool(steps.is_due([large]))

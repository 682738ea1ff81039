"""The compiled loss of the batches of an epoch, against what the step itself computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tb_bnplugin
from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.watched_step import WatchedStep
from tb_bnplugin.keras.losses.step_values import added_losses
from tests.conftest import Flavour

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 4)).astype("float32")
Y = (X[:, :2] * 3.0 + 1.0).astype("float32")
ROWS = 16  # so that the last batch of an epoch has 8


def create(keras: Any, logged: Any = None, *, strength: float = 0.0, **how: Any) -> Any:
    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                predictions = self(x, training=True)
                loss = tf.reduce_mean(tf.square(y - predictions))
                total = tf.add_n([loss, *self.losses])
            gradients = tape.gradient(total, self.trainable_variables)
            pairs = zip(gradients, self.trainable_variables, strict=True)
            self.optimizer.apply_gradients(pairs)
            self.seen.assign_add([loss, tf.reduce_mean(predictions)])
            return {"loss": total} if logged is None else logged(self, y, predictions, total)

    keras.utils.set_random_seed(1)
    regularizer = keras.regularizers.L2(strength) if strength else None
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, kernel_regularizer=regularizer)(inputs)
    outputs = keras.layers.Dense(2)(keras.layers.BatchNormalization()(hidden))
    model = Own(inputs, outputs)
    model.seen = tf.Variable([0.0, 0.0], trainable=False)
    model.compile(keras.optimizers.SGD(0.02), "mse", **how)
    return model


def train(model: Any, folder: Path, epochs: int = 4) -> Outcome:
    """Train, and return what LR107 says."""
    callback = tb_bnplugin.BatchNormCallback(folder, on_finding="ignore")
    model.fit(X, Y, batch_size=ROWS, epochs=epochs, verbose=0, callbacks=[callback])
    (outcome,) = (each for each in callback.outcomes() if each.code == "LR107")
    return outcome


@pytest.mark.parametrize("jit", [False, True])
def test_the_means_are_those_of_the_step(flavour: Flavour, jit: bool) -> None:
    model = create(flavour.keras, jit_compile=jit)
    step = WatchedStep(model, tf.distribute.get_strategy(), Guard("own"))
    step.begin()
    model.fit(X, Y, batch_size=ROWS, epochs=1, shuffle=False, verbose=0)
    taken = step.values.take()
    loss, predictions = model.seen.numpy()
    assert taken["compiled_steps"] == 3.0
    assert taken["compiled_by_steps"] == pytest.approx(loss / 3.0, rel=1e-5)
    # of 16, 16 and 8 rows: the last batch counts half in the mean over the rows
    last = taken["compiled_last"]
    assert taken["compiled_by_rows"] == pytest.approx((2.0 * loss - last) / 5.0, rel=1e-5)
    assert taken["compiled_deviation"] > 0.0
    assert abs(taken["predictions_mean"] - predictions / 3.0) < 0.3 * abs(predictions)
    assert step.values.take() == {}


def test_regularizers_are_told_from_other_losses(flavour: Flavour) -> None:
    keras = flavour.keras
    model = create(keras, strength=0.5)
    kernel = np.asarray(model.layers[1].get_weights()[0], np.float64)
    measured = added_losses(model)
    assert measured["regularization"] == pytest.approx(0.5 * np.sum(kernel**2), rel=1e-5)
    assert measured["other_losses"] == 0.0
    active = keras.layers.Dense(2, activity_regularizer="l2")
    assert added_losses(keras.Sequential([keras.Input((4,)), active]))["other_losses"] == 1.0


@pytest.mark.parametrize("strength", [0.0, 0.05])
def test_a_step_that_logs_its_loss_is_ok(flavour: Flavour, tmp_path: Path, strength: float) -> None:
    outcome = train(create(flavour.keras, strength=strength, jit_compile=False), tmp_path)
    if flavour.name == "keras3":  # Keras shows its own metric in place of what is returned
        assert (outcome.status, outcome.evidence["logged"]) == ("finding", 0.0)
    else:
        assert (outcome.status, outcome.fact) == ("ok", False)


@pytest.mark.parametrize("strength", [0.0, 0.05])
def test_the_metric_of_the_loss_is_ok_where_it_is_updated(
    flavour: Flavour, tmp_path: Path, strength: float
) -> None:
    mean = flavour.keras.metrics.Mean()

    def logged(model: Any, y: Any, predictions: Any, total: Any) -> Any:
        del y, predictions
        names = [metric for metric in model.metrics if metric.name == "loss"]
        (names[0] if names else mean).update_state(total)
        return {"loss": (names[0] if names else mean).result()}

    outcome = train(create(flavour.keras, logged, strength=strength), tmp_path, epochs=1)
    assert outcome.status == "not_checked"  # of one epoch
    outcome = train(create(flavour.keras, logged, strength=strength), tmp_path / "2")
    expected = "ok" if flavour.name == "keras3" else "not_checked"  # the mean here is never reset
    assert (outcome.status, outcome.fact) == (expected, False)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_compiled_metrics_of_keras_3_log_the_predictions(flavour: Flavour, tmp_path: Path) -> None:
    def logged(model: Any, y: Any, predictions: Any, total: Any) -> Any:
        if flavour.name != "keras3":
            model.compiled_loss(y, predictions)
        model.compiled_metrics.update_state(y, predictions)
        return {metric.name: metric.result() for metric in model.metrics}

    outcome = train(create(flavour.keras, logged, metrics=["mae"]), tmp_path)
    if flavour.name == "keras3":
        assert (outcome.status, outcome.severity) == ("finding", "warning")
        assert "the mean of the predictions" in outcome.message
    else:
        assert outcome.status == "ok"


def test_terms_that_are_not_known_are_not_judged(flavour: Flavour, tmp_path: Path) -> None:
    def logged(model: Any, y: Any, predictions: Any, total: Any) -> Any:
        del y, predictions
        return {"loss": total + tf.reduce_sum(model.trainable_variables[0] ** 2), "other": total}

    outcome = train(create(flavour.keras, logged), tmp_path)
    assert outcome.status == "not_checked"
    assert "terms that were not measured" in (outcome.reason or "")


def test_watching_changes_no_weight(flavour: Flavour, tmp_path: Path) -> None:
    weights = []
    for watched in (True, False):
        model = create(flavour.keras, strength=0.05)
        if watched:
            train(model, tmp_path)
        else:
            model.fit(X, Y, batch_size=ROWS, epochs=4, verbose=0)
        weights.append(model.get_weights())
    for ours, bare in zip(*weights, strict=True):
        np.testing.assert_array_equal(ours, bare)

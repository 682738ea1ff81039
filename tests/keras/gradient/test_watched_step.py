"""What an own `train_step` differentiates, against theory; the training stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.watched_step import WatchedStep
from tests.conftest import Flavour

ROWS, OUTPUTS = 8, 5
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(32, 3)).astype("float32")
Y = RANDOM.normal(size=(32, OUTPUTS)).astype("float32")


def mean(y: Any, p: Any) -> Any:
    return tf.reduce_mean(tf.square(y - p))


def summed(y: Any, p: Any) -> Any:
    return tf.reduce_sum(tf.square(y - p)) / ROWS


def vector(y: Any, p: Any) -> Any:
    return tf.reduce_mean(tf.square(y - p), -1)


def twice(y: Any, p: Any) -> Any:
    return tf.reduce_mean(tf.square(y - p)) / ROWS


def create(keras: Any, loss_of: Callable[[Any, Any], Any], **how: Any) -> Any:
    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = loss_of(y, self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            pairs = zip(gradients, self.trainable_variables, strict=True)
            self.optimizer.apply_gradients(pairs)
            return {"loss": tf.reduce_mean(loss)}

    keras.utils.set_random_seed(1)
    inputs = keras.Input((3,))
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(4)(inputs))
    model = Own(inputs, keras.layers.Dense(OUTPUTS)(hidden))
    model.compile("sgd", "mse", **how)
    return model


def trained(model: Any) -> list[Any]:
    model.fit(X, Y, batch_size=ROWS, epochs=2, shuffle=False, verbose=0)
    return [np.asarray(weight) for weight in model.get_weights()]


@pytest.mark.parametrize(
    ("loss_of", "factor"), [(mean, 1.0), (summed, OUTPUTS), (vector, ROWS), (twice, 1 / ROWS)]
)
@pytest.mark.parametrize("how", [{"jit_compile": False}, {"jit_compile": True}])
def test_the_factor_is_that_of_theory(
    flavour: Flavour, loss_of: Any, factor: float, how: dict[str, Any]
) -> None:
    model = create(flavour.keras, loss_of, **how)
    step = WatchedStep(model, tf.distribute.get_strategy(), Guard("own"))
    step.begin()
    weights = trained(model)
    measured = step.take()
    assert measured is not None
    assert measured[:4] == pytest.approx([factor, 1.0, 8.0, 8.0], rel=1e-5)
    assert step.take() is None
    step.end()
    assert not {"train_step", "call"} & set(model.__dict__)
    for ours, bare in zip(weights, trained(create(flavour.keras, loss_of, **how)), strict=True):
        np.testing.assert_array_equal(ours, bare)


def test_another_loss_has_no_one_factor(flavour: Flavour) -> None:
    model = create(flavour.keras, lambda y, p: tf.reduce_mean(tf.abs(y - p)))
    step = WatchedStep(model, tf.distribute.get_strategy(), Guard("own"))
    step.begin()
    trained(model)
    measured = step.take()
    assert measured is not None
    assert measured[1] < 0.95


def test_a_step_of_keras_own_is_not_measured(flavour: Flavour) -> None:
    model = flavour.keras.Sequential([flavour.keras.Input((3,)), flavour.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert not WatchedStep.suits(model)
    assert WatchedStep.suits(create(flavour.keras, mean))


def test_a_gradient_penalty_stays_as_it_is(flavour: Flavour) -> None:
    class Penalized(flavour.keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    p = self(x, training=True)
                penalty = tf.reduce_mean(tf.square(inner.gradient(p, x)))
                loss = tf.reduce_mean(tf.square(y - p)) + penalty
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss}

    def build() -> Any:
        flavour.keras.utils.set_random_seed(1)
        inputs = flavour.keras.Input((3,))
        hidden = flavour.keras.layers.Dense(4, activation="tanh")(inputs)
        model = Penalized(inputs, flavour.keras.layers.Dense(OUTPUTS)(hidden))
        model.compile("sgd", "mse", jit_compile=False)
        return model

    model = build()
    step = WatchedStep(model, tf.distribute.get_strategy(), Guard("own"))
    step.begin()
    weights = trained(model)
    for ours, bare in zip(weights, trained(build()), strict=True):
        np.testing.assert_array_equal(ours, bare)
    measured = step.take()
    assert measured is not None
    assert measured[3] != measured[2]  # two passes a step: not told apart, and not judged

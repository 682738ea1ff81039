"""Predictions behind which Keras finds logits, or a mask: both are still there, and measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.backward import see_gradient
from tb_bnplugin.keras.gradient.behind import UNKNOWN, activation_of
from tb_bnplugin.keras.gradient.folded import may_be_folded
from tb_bnplugin.keras.gradient.watched_step import WatchedStep
from tests.conftest import Flavour
from tests.keras.gradient.own_step import RUNS, measured

RANDOM = np.random.default_rng(0)
ROWS, STEPS, TIMES = 8, 3, 6
X = RANDOM.normal(size=(ROWS * STEPS, 5)).astype("float32")
TOKENS = RANDOM.integers(0, 5, size=(ROWS * STEPS, TIMES))
CLASSES = RANDOM.integers(0, 3, size=(ROWS * STEPS, 1))
BINARY = RANDOM.integers(0, 2, size=(ROWS * STEPS, 1)).astype("float32")


def build(keras: Any, factor: float, loss: Any, inputs: Any, outputs: Any, how: Any) -> Any:
    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                value = factor * self.loss_of(y, self(x, training=True))
            gradients = tape.gradient(value, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": value}

    model = Own(inputs, outputs)
    model.loss_of = loss
    model.compile(keras.optimizers.SGD(0.1), loss, **how)
    return model


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_the_gradient_at_the_logits_is_measured(
    flavour: Flavour, activation: str, factor: float, run: str
) -> None:
    keras = flavour.keras
    of_classes = activation == "softmax"

    def create() -> Any:
        keras.utils.set_random_seed(1)
        inputs = keras.Input((5,))
        hidden = keras.layers.BatchNormalization()(keras.layers.Dense(4)(inputs))
        outputs = keras.layers.Dense(3 if of_classes else 1, activation=activation)(hidden)
        name = "SparseCategoricalCrossentropy" if of_classes else "BinaryCrossentropy"
        loss = getattr(keras.losses, name)()
        return build(keras, factor, loss, inputs, outputs, RUNS[run])

    found = measured(create, X, CLASSES if of_classes else BINARY, rows=ROWS)
    assert found["factor"] == pytest.approx(factor, rel=1e-4)
    assert found["cosine"] == pytest.approx(1.0, abs=1e-6)
    assert (found["steps"], found["passes"]) == (STEPS, STEPS)


@pytest.mark.parametrize("run", ["eager", "graph"])
def test_a_mask_goes_on_to_the_loss(flavour: Flavour, run: str) -> None:
    keras = flavour.keras

    def create() -> Any:
        keras.utils.set_random_seed(1)
        inputs = keras.Input((TIMES,))
        hidden = keras.layers.Embedding(5, 4, mask_zero=True)(inputs)
        outputs = keras.layers.Dense(1)(hidden)
        loss = keras.losses.MeanSquaredError()
        return build(keras, 1.0, loss, inputs, outputs, RUNS[run])

    labels = RANDOM.normal(size=(ROWS * STEPS, TIMES, 1)).astype("float32")
    measured(create, TOKENS, labels, rows=ROWS)


def test_logits_of_another_activation_are_not_known() -> None:
    logits = tf.constant([[1.0, 2.0], [0.5, 3.0]])
    predictions = tf.nn.softmax(logits)
    predictions._keras_logits = logits
    activation = activation_of(predictions)
    assert callable(activation)
    np.testing.assert_array_equal(activation(logits), predictions)
    others = tf.transpose(tf.nn.softmax(tf.transpose(logits)))
    assert activation_of(others) is None
    others._keras_logits = logits
    assert activation_of(others) is UNKNOWN


@pytest.mark.parametrize("run", ["graph", "xla"])
def test_outputs_that_are_multiplied_at_last_are_left_as_they_are(
    flavour: Flavour, run: str
) -> None:
    keras = flavour.keras

    def trained(*, watched: bool) -> list[Any]:
        keras.utils.set_random_seed(1)
        inputs = keras.Input((5,))
        outputs = keras.layers.Rescaling(10.3)(keras.layers.Dense(1)(inputs))
        loss = keras.losses.MeanSquaredError()
        model = build(keras, 1.0, loss, inputs, outputs, RUNS[run])
        step = WatchedStep(model, tf.distribute.get_strategy(), Guard("own"))
        if watched:
            step.begin()
        model.fit(X, BINARY, batch_size=ROWS, epochs=3, shuffle=False, verbose=0)
        assert step.take() is None
        step.end()
        return [np.asarray(each) for each in model.get_weights()]

    for ours, theirs in zip(trained(watched=True), trained(watched=False), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_an_operation_made_is_not_known() -> None:
    found = []

    @tf.function
    def made(logits: Any) -> Any:
        found.extend([activation_of(tf.nn.softmax(logits)), activation_of(tf.nn.relu(logits))])
        return logits

    made(tf.ones((2, 3)))
    assert found == [UNKNOWN, None]


def looked_at(variable: Any) -> Any:
    return see_gradient(tf.cast(tf.convert_to_tensor(variable), tf.float32), _seen, print)


def _seen(*_: Any) -> None:
    return None


FOLDED: dict[str, tuple[Any, bool]] = {
    "a product": (lambda x, b: 2.0 * x, True),
    "a quotient and a sum": (lambda x, b: 1.0 + x / 3.0, True),
    "a difference of a number": (lambda x, b: 1.0 - tf.nn.relu(x), True),
    "a sum of two": (lambda x, b: 2.0 * x + tf.square(x), True),
    "a bias": (lambda x, b: x + b, False),
    "a variable that is looked at": (lambda x, b: x + looked_at(b), False),
    "a bias of a product": (lambda x, b: 2.0 * x + b, False),
    "a sum with a number": (lambda x, b: tf.nn.relu(x) + 1.0, False),
    "an activation": (lambda x, b: tf.tanh(2.0 * x), False),
}


@pytest.mark.parametrize("name", FOLDED)
def test_what_may_be_folded(name: str) -> None:
    made, folded = FOLDED[name]
    bias = tf.Variable(tf.ones(3))
    found = []

    @tf.function
    def trace(x: Any) -> Any:
        found.append(may_be_folded(made(x, bias)))
        return x

    trace(tf.ones((2, 3)))
    assert found == [folded]
    assert not may_be_folded(tf.constant(1.0) * 2.0)

"""A watched loop runs as without, whatever control flow stands between a tape and the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tb_bnplugin
from tests.conftest import Flavour

X = np.random.default_rng(0).normal(1.0, 1.0, (8, 4)).astype("float32")
Y = X[:, :1]

Step = Callable[[Any, Any, Any], list[Any]]
"""Of a model, rows and labels: the gradients of its trainable weights."""


def squared(model: Any, x: Any, y: Any) -> Any:
    penalties = tf.add_n(model.losses)
    return tf.reduce_mean(tf.square(model(x, training=True) - y)) + penalties


def branch(model: Any, x: Any, y: Any) -> list[Any]:
    with tf.GradientTape() as tape:
        loss = tf.cond(
            tf.reduce_mean(x) > 0.0, lambda: squared(model, x, y), lambda: squared(model, -x, y)
        )
    return list(tape.gradient(loss, model.trainable_variables))


def switch(model: Any, x: Any, y: Any) -> list[Any]:
    at = tf.cast(tf.reduce_sum(x) > 0.0, tf.int32)
    with tf.GradientTape() as tape:
        cases = [lambda: squared(model, -x, y), lambda: squared(model, x, y)]
        loss = tf.switch_case(at, cases)
    return list(tape.gradient(loss, model.trainable_variables))


def loop(model: Any, x: Any, y: Any) -> list[Any]:
    with tf.GradientTape() as tape:
        total = tf.while_loop(
            lambda at, _: at < 2,
            lambda at, total: (at + 1, total + squared(model, x[at::2], y[at::2])),
            (tf.constant(0), tf.constant(0.0)),
        )[1]
    return list(tape.gradient(total, model.trainable_variables))


def mapped(model: Any, x: Any, y: Any) -> list[Any]:
    with tf.GradientTape() as tape:
        halves = tf.reshape(x, (2, 4, 4)), tf.reshape(y, (2, 4, 1))
        losses = tf.map_fn(
            lambda half: squared(model, *half), halves, fn_output_signature=tf.float32
        )
        loss = tf.reduce_sum(losses)
    return list(tape.gradient(loss, model.trainable_variables))


def tape_within_a_loop(model: Any, x: Any, y: Any) -> list[Any]:
    weights = model.trainable_variables

    def one(at: Any, *totals: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            loss = squared(model, x[at::2], y[at::2])
        given = tape.gradient(loss, weights)
        return [at + 1, *(total + each for total, each in zip(totals, given, strict=True))]

    start = [tf.constant(0), *(tf.zeros(weight.shape) for weight in weights)]
    return list(tf.while_loop(lambda at, *_: at < 2, one, start)[1:])


def jacobian(model: Any, x: Any, y: Any) -> list[Any]:
    with tf.GradientTape() as tape:
        rows = tf.square(model(x, training=True) - y)[:, 0] + tf.add_n(model.losses)
    given = tape.jacobian(rows, model.trainable_variables)
    return [tf.reduce_mean(each, axis=0) for each in given]


def forward(model: Any, x: Any, y: Any) -> list[Any]:
    """A product of the Jacobian beside the gradient, as meta learning takes it."""
    weights = model.trainable_variables
    held = [getattr(weight, "value", weight) for weight in weights]
    held = [each for each in held if isinstance(each, tf.Variable)] or list(weights)
    tangents = [tf.ones(each.shape) for each in held]
    with tf.autodiff.ForwardAccumulator(held, tangents) as accumulator:
        loss = squared(model, x, y)
    slope = accumulator.jvp(loss)
    with tf.GradientTape() as tape:
        loss = squared(model, x, y)
    return [each * slope for each in tape.gradient(loss, weights)]


def recomputed(model: Any, x: Any, y: Any) -> list[Any]:
    inner = tf.function(lambda rows, labels: squared(model, rows, labels))
    with tf.GradientTape() as tape:
        loss = inner(x, y)
    return list(tape.gradient(loss, model.trainable_variables))


STEPS: dict[str, Step] = {
    each.__name__: each
    for each in (
        *(branch, switch, loop, mapped, tape_within_a_loop, jacobian, forward, recomputed),
    )
}


def run(flavour: Flavour, step: Step, how: str, *, watched: bool) -> Any:
    """The weights after three steps, or the error without a watch."""
    keras = flavour.keras
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(4, kernel_regularizer=keras.regularizers.L2(0.01)),
            layers.BatchNormalization(),
            layers.Dense(1),
        ]
    )
    optimizer = keras.optimizers.SGD(0.01)
    watch = tb_bnplugin.watch(model, on_finding="ignore") if watched else None

    def train(x: Any, y: Any) -> None:
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(step(model, x, y), weights, strict=True))

    train = tf.function(train) if how == "traced" else train
    for _ in range(3):
        train(tf.constant(X), tf.constant(Y))
    if watch is not None:
        assert {each.code for each in watch.outcomes() if each.status == "crashed"} == set()
        watch.close()
    return [np.asarray(weight) for weight in model.get_weights()]


@pytest.mark.parametrize("how", ["eager", "traced"])
@pytest.mark.parametrize("name", STEPS)
def test_a_watched_loop_runs_as_without(flavour: Flavour, name: str, how: str) -> None:
    expected = run(flavour, STEPS[name], how, watched=False)
    found = run(flavour, STEPS[name], how, watched=True)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)

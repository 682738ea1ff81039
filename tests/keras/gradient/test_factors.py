"""Factors of the gradient against theory, in combinations of what scales a loss."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.applied import AppliedGradients
from tb_bnplugin.keras.gradient.watched_step import WatchedStep
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS
from tests.conftest import Flavour

OUTPUTS, ROWS, REPLICAS, STEPS, SCALE = 5, 8, 2, 2, 1024.0
RANDOM = np.random.default_rng(0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A program, and the number of times that one replica's gradient is that of Keras' mean."""

    reduced: str = "mean"  # how each output's squared error is reduced
    heads: int = 1
    replicas: int = 1
    weighted: bool = False
    scaled: str = "no"  # "right", or "forgotten": one of the two halves is left out
    graph: bool = False

    @property
    def factor(self) -> float:
        """By theory; a loss scale apart."""
        return {
            "mean": 1.0,
            "outputs": OUTPUTS,
            "rows": ROWS,
            "all": OUTPUTS * ROWS,
            "twice": 1.0 / ROWS,
            "global": 1.0 / REPLICAS,
            "half": 0.5,
        }[self.reduced]


CASES = (
    Case(),
    Case(reduced="outputs"),
    Case(reduced="rows"),
    Case(reduced="all", graph=True),
    Case(reduced="twice"),
    Case(weighted=True),
    Case(weighted=True, reduced="outputs"),
    Case(weighted=True, reduced="rows", graph=True),
    Case(heads=2),
    Case(heads=2, reduced="outputs"),
    Case(heads=2, reduced="rows", weighted=True),
    Case(heads=2, reduced="half", graph=True),
    Case(scaled="right"),
    Case(scaled="right", reduced="outputs", graph=True),
    Case(scaled="right", heads=2, weighted=True),
    Case(scaled="forgotten"),
    Case(replicas=2, reduced="global", graph=True),
    Case(replicas=2, reduced="rows", weighted=True, graph=True),
    Case(replicas=2, reduced="outputs", heads=2, graph=True),
)


def reduce(case: Case, y: Any, p: Any, weight: Any) -> Any:
    values = tf.square(y - p)
    if weight is not None:
        values *= weight[:, tf.newaxis]
    if case.reduced in ("outputs", "all"):
        values = tf.reduce_sum(values, -1)
    else:
        values = tf.reduce_mean(values, -1)
    if case.reduced in ("rows", "all"):
        return values  # a vector, which a tape sums
    divisor = {"twice": ROWS, "global": REPLICAS, "half": 2.0}.get(case.reduced, 1.0)
    return tf.reduce_mean(values) / divisor


def step_class(keras: Any, case: Case) -> Any:
    unscales = hasattr(keras.mixed_precision.LossScaleOptimizer, "get_unscaled_gradients")

    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y, weight = (*data, None)[:3]
            with tf.GradientTape() as tape:
                predicted = self(x, training=True)
                every = [(y, predicted, weight)]
                if case.heads == 2:
                    every = list(zip(y, predicted, weight or (None, None), strict=True))
                terms = [reduce(case, *each) for each in every]
                loss = terms[0] if case.heads == 1 else terms[0] + 0.25 * terms[1]
                if case.scaled != "no" and (unscales or case.scaled == "right"):
                    scale = self.optimizer.get_scaled_loss if unscales else None
                    loss = (scale or self.optimizer.scale_loss)(loss)
            gradients = tape.gradient(loss, self.trainable_variables)
            if unscales and case.scaled == "right":
                gradients = self.optimizer.get_unscaled_gradients(gradients)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": tf.reduce_mean(loss)}

    return Own


def create(keras: Any, case: Case) -> Any:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, activation="tanh")(inputs)
    outputs = [keras.layers.Dense(OUTPUTS)(hidden) for _ in range(case.heads)]
    several = case.heads > 1
    model = step_class(keras, case)(inputs, outputs if several else outputs[0])
    optimizer = keras.optimizers.SGD(0.001)
    if case.scaled != "no":
        optimizer = keras.mixed_precision.LossScaleOptimizer(optimizer, initial_scale=SCALE)
    model.compile(
        optimizer,
        ["mse", "mse"] if several else "mse",
        loss_weights=[1.0, 0.25] if several else None,
        run_eagerly=not case.graph,
        jit_compile=False,
    )
    return model


def data_of(case: Case) -> Any:
    rows = ROWS * case.replicas
    x = RANDOM.normal(size=(STEPS * rows, 3)).astype("float32")
    y = [RANDOM.normal(size=(len(x), OUTPUTS)).astype("float32") for _ in range(case.heads)]
    weights = [RANDOM.random(len(x)).astype("float32") for _ in range(case.heads)]
    given: Any = (x, tuple(y) if case.heads > 1 else y[0])
    if case.weighted:
        given = (*given, tuple(weights) if case.heads > 1 else weights[0])
    return tf.data.Dataset.from_tensor_slices(given).batch(rows, drop_remainder=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_factor_at_the_predictions(flavour: Flavour, strategy: Any, case: Case) -> None:
    used = strategy if case.replicas > 1 else tf.distribute.get_strategy()
    with used.scope() if case.replicas > 1 else nullcontext():
        model = create(flavour.keras, case)
    step = WatchedStep(model, used, Guard("own"))
    step.begin()
    model.fit(data_of(case), shuffle=False, verbose=0)
    measured = step.take()
    step.end()
    assert measured is not None
    expected = case.factor
    if case.scaled == "forgotten":  # the optimizer of Keras 3 divides, that of tf_keras does not
        expected *= SCALE if flavour.name == "tf_keras" else 1.0 / SCALE
    assert measured[:4] == pytest.approx([expected, 1.0, STEPS, STEPS], rel=1e-4)


@pytest.mark.parametrize(("passes", "averaged"), [(1, False), (2, False), (3, True)])
def test_the_factor_of_what_is_accumulated(flavour: Flavour, passes: int, averaged: bool) -> None:
    keras = flavour.keras
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(OUTPUTS)])
    optimizer = keras.optimizers.SGD(0.001)
    watch = AppliedGradients(model, tf.distribute.get_strategy(), Guard("own"))
    watch.begin([optimizer])
    weights = model.trainable_variables
    for _ in range(STEPS):
        parts = []
        for _ in range(passes):
            x = RANDOM.normal(size=(ROWS, 3)).astype("float32")
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x, training=True) - 1.0))
            parts.append(tape.gradient(loss, weights))
        divisor = passes if averaged else 1
        summed = [tf.add_n(list(each)) / divisor for each in zip(*parts, strict=True)]
        optimizer.apply_gradients(zip(summed, weights, strict=True))
    measured = watch.take()
    watch.end()
    assert measured is not None
    values = dict(zip(GRADIENT_COLUMNS, measured.tolist(), strict=True))
    assert values["applied_factor"] == pytest.approx(1.0 / divisor, rel=1e-4)
    assert values["applied_cosine"] == pytest.approx(1.0, rel=1e-4)
    assert (values["applied_passes"], values["applications"]) == (passes, STEPS)


def one_of_two(flavour: Flavour, loss_of: Any, loss_weights: Any = None) -> Any:
    case = Case(heads=2)

    class Own(flavour.keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = loss_of(y, self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            pairs = zip(gradients, self.trainable_variables, strict=True)
            self.optimizer.apply_gradients([each for each in pairs if each[0] is not None])
            return {"loss": loss}

    def build() -> Any:
        flavour.keras.utils.set_random_seed(1)
        inputs = flavour.keras.Input((3,))
        hidden = flavour.keras.layers.Dense(4, activation="tanh")(inputs)
        outputs = [flavour.keras.layers.Dense(OUTPUTS)(hidden) for _ in range(2)]
        model = Own(inputs, outputs)
        how = {"run_eagerly": True, "jit_compile": False, "loss_weights": loss_weights}
        model.compile("sgd", ["mse", "mse"], **how)
        return model

    data = data_of(case)
    model, bare = build(), build()
    step = WatchedStep(model, tf.distribute.get_strategy(), Guard("own"))
    step.begin()
    model.fit(data, shuffle=False, verbose=0)
    step.end()
    bare.fit(data, shuffle=False, verbose=0)
    for ours, theirs in zip(model.get_weights(), bare.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    return step.take()


def test_weights_of_the_losses_that_are_forgotten_leave_no_one_factor(flavour: Flavour) -> None:
    def plain(y: Any, p: Any) -> Any:
        return tf.reduce_mean(tf.square(y[0] - p[0])) + tf.reduce_mean(tf.square(y[1] - p[1]))

    assert one_of_two(flavour, plain)[:2] == pytest.approx([1.0, 1.0], rel=1e-4)
    assert one_of_two(flavour, plain, [1.0, 0.1])[1] < 0.99


def test_an_output_that_is_not_differentiated_is_not_judged(flavour: Flavour) -> None:
    measured = one_of_two(flavour, lambda y, p: tf.reduce_mean(tf.square(y[0] - p[0])))
    assert measured[3] != measured[2]  # not one pass a step, and so not used by a rule

"""The cost of measuring the gradient: the tap in a step of MobileNetV2 that is the program's."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.figures import Figure, paired_ratio
from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.watched import WatchedGradients
from tb_bnplugin.keras.losses.sampled import DENSE_STEPS, GAP

keras = tf.keras

BATCH = 32
PAIRS = 60
STEPS_A_TURN = 1
WORDS, PLACES = 8000, 32
STEPS_OF_WORDS = 5  # a turn: one is too short to be compared
SINCE = 1000  # step from which the cadence is measured: the first hundreds are read densely


class _Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
    def train_step(self, data: Any) -> Any:
        x, y = data[:2]
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
        variables = self.trainable_variables
        gradients = tape.gradient(loss, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return {"loss": loss}


def run() -> Iterator[Figure]:
    """The steps with the tap against bare ones of an equal model, taking turns.

    By the time of the processor: other programs of the machine do not count.
    """
    yield _many_predictions()
    for regularized in (False, True):
        watched, bare = _model(regularized=regularized), _model(regularized=regularized)
        gradients = WatchedGradients(Guard("mobilenet"))
        gradients.begin_fit(watched)
        _train(watched)  # traced while it is watched
        _train(bare)
        what = "of predictions, optimizer" + (" and regularizers" if regularized else "")
        cases = (
            (("every step read", itertools.repeat(True), 1.03),)
            if regularized
            else (
                ("every step read", itertools.repeat(True), 1.03),
                ("at its cadence", map(gradients.is_due, itertools.count(SINCE)), 1.01),
            )
        )
        for name, due, limit in cases:

            def measured(due: Any = due, model: Any = watched, read: Any = gradients) -> None:
                for _ in range(STEPS_A_TURN):
                    _train(model)
                    if next(due):
                        read.applied()
                        read.regularizers()
                        read.at_predictions()

            def unmeasured(model: Any = bare) -> None:
                for _ in range(STEPS_A_TURN):
                    _train(model)

            for _ in range(2):
                measured()
                unmeasured()
            middle, lower, upper = paired_ratio(measured, unmeasured, PAIRS, time.process_time)
            yield Figure(
                name=f"step with the gradient {what}, {name}",
                value=middle,
                limit=limit,
                unit="x",
                note=f"of the time without; quartiles of {PAIRS} pairs {lower:.3f} and {upper:.3f}",
            )
        seen = gradients.at_predictions() is not None or gradients.applied() is not None
        gradients.end_fit()
        _train(watched)
        yield Figure(
            name=f"gradients {what} that were not measured",
            value=0.0 if seen or gradients.at_predictions() is not None else 1.0,
            limit=0.0,
            unit="",
        )


def _many_predictions() -> Figure:
    """A vocabulary of 8,000 in 32 places of 32 rows, of which some steps are measured."""
    random = np.random.default_rng(0)
    x, y = random.integers(0, WORDS, (2, BATCH, PLACES))

    def build() -> Any:
        inputs = keras.Input((PLACES,), dtype="int32")
        hidden = keras.layers.Embedding(WORDS, 64)(inputs)
        hidden = keras.layers.BatchNormalization()(hidden)
        model = _Own(inputs, keras.layers.Dense(WORDS)(hidden), name="words")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss, jit_compile=False)
        return model

    watched, bare = build(), build()
    gradients = WatchedGradients(Guard("words"))
    gradients.begin_fit(watched)
    for _ in range(DENSE_STEPS):
        watched.train_on_batch(x, y)
    bare.train_on_batch(x, y)

    def train(model: Any) -> None:
        for _ in range(STEPS_OF_WORDS):
            model.train_on_batch(x, y)

    middle, lower, upper = paired_ratio(
        lambda: train(watched), lambda: train(bare), PAIRS, time.process_time
    )
    gradients.end_fit()
    return Figure(
        name=f"step with {WORDS} classes, some of them measured, after the first {DENSE_STEPS}",
        value=middle,
        limit=1.01,
        unit="x",
        note=f"median of {PAIRS} pairs of {STEPS_OF_WORDS} steps, quartiles {lower:.3f} and"
        f" {upper:.3f}; one step of {GAP} is measured",
    )


def _model(*, regularized: bool) -> Any:
    base = keras.applications.MobileNetV2(
        input_shape=(64, 64, 3), alpha=1.0, weights=None, classes=10
    )
    if regularized:
        for variable in base.trainable_variables:
            if "kernel" in variable.name:
                variable.regularizer = keras.regularizers.L2(1e-5)
    model = _Own(base.inputs, base.outputs, name="own")
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    return model


def _batch() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.default_rng(0)
    return random.random((BATCH, 64, 64, 3), np.float32), random.integers(0, 10, (BATCH, 1))


_X, _Y = _batch()


def _train(model: Any) -> None:
    model.train_on_batch(_X, _Y)

"""A model with a regularizer, and how strongly a step follows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.data import Digits
from benchmarks.findings.variables import flat
from benchmarks.fixes.steps import gradient_of, step_of

STRENGTH = 0.05


def regularized_net(keras: Any) -> Any:
    """A network whose first kernel is pulled to 0."""
    decay = keras.regularizers.L2(STRENGTH)
    return keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(48, activation="relu", kernel_regularizer=decay),
            keras.layers.LayerNormalization(),
            keras.layers.Dense(10),
        ]
    )


def pull(
    model: Any, train_step: Callable[..., Any], loss_fn: Any, data: Digits, *, rate: float
) -> float:
    """Share of the regularizer's gradient in a step, beside that of the mean loss of all rows."""
    x, y = data.x[:48], data.y[:48]
    of_loss = gradient_of(model, lambda *pair: tf.reduce_mean(loss_fn(*pair)), x, y)
    with tf.GradientTape() as tape:
        terms = tf.add_n(model.losses)
    weights = model.trainable_variables
    pulls = zip(tape.gradient(terms, weights), weights, strict=True)
    decay = flat([tf.zeros_like(weight) if each is None else each for each, weight in pulls])
    rest = -step_of(model, train_step, x, y) / rate - of_loss
    return float(np.dot(rest, decay) / np.dot(decay, decay))

"""A loop sums the squared error over the ten outputs of a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.data import batches, digits, one_hot
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.steps import gradient_of, gradient_ratio

RULE = "LR102"
NUMBER = "gradient, over that of Keras' loss"
HEALTHY = (0.99, 1.01)
CURES = ("keras", "mean")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    model = dense_net(keras)
    if cure == "keras":
        optimizer = keras.optimizers.SGD(learning_rate=0.1)
    else:
        optimizer = keras.optimizers.SGD(learning_rate=0.01)
    bench.watch(model, optimizer=optimizer)

    def summed(y: Any, y_pred: Any) -> Any:
        return tf.reduce_mean(tf.reduce_sum(tf.square(y - y_pred), axis=-1))

    def loss_fn(y: Any, y_pred: Any) -> Any:
        if cure == "mean":
            return tf.reduce_mean(tf.square(y - y_pred))
        if cure == "keras":
            return keras.losses.MeanSquaredError()(y, y_pred)
        return summed(y, y_pred)

    train_step = training_step_with_outputs(model, optimizer, loss_fn)
    for step, (x, y) in enumerate(batches(data.x, one_hot(data.y), size=48, steps=8), start=1):
        loss, y_pred = train_step(x, y)
        bench.loss_reduction(loss_fn, y, y_pred, value=loss, step=step)
        bench.record(model, step)
    if cure == "keras":  # it trains alike: the step is the same
        step_before = 0.01 * gradient_of(model, summed, x, y)
        assert np.allclose(0.1 * gradient_of(model, loss_fn, x, y), step_before)
    return gradient_ratio(model, loss_fn, keras.losses.MeanSquaredError(), x, y)

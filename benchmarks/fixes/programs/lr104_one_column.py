"""A loss takes a column off the predictions with its axis, and off the labels without."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.data import batches
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.regression import brightness

RULE = "LR104"
CURES = ("with", "without")
NUMBER = "validation error, over that of the mean label"
HEALTHY = (0.0, 0.3)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = brightness()
    labels = np.stack([data.y, data.x.mean(1)], axis=1).astype("float32")
    layers = [keras.Input((64,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(2)]
    model = keras.Sequential(layers)
    bench.watch(model)

    def loss_fn(y: Any, y_pred: Any) -> Any:
        first, second = tf.square(y[:, 1] - y_pred[:, 1]), 0.0
        if cure == "with":
            i = 0
            second = tf.square(y[:, i : i + 1] - y_pred[:, i : i + 1])
        elif cure == "without":
            i = 0
            second = tf.square(y[:, i] - y_pred[:, i])
        else:
            second = tf.square(y[:, 0] - y_pred[:, :1])
        return tf.reduce_mean(first) + tf.reduce_mean(second)

    train_step = training_step_with_outputs(model, keras.optimizers.Adam(1e-2), loss_fn)
    pairs = batches(data.x, labels, size=48, steps=80)
    for step, (x, y) in enumerate(pairs, start=1):
        loss, y_pred = train_step(x, y)
        if step % 20 == 0:
            bench.loss_reduction(loss_fn, y, y_pred, value=loss, step=step)
        bench.record(model, step)
    predicted = np.asarray(model(data.x_val, training=False))[:, 0]
    return float(np.mean((predicted - data.y_val) ** 2) / data.y_val.var())

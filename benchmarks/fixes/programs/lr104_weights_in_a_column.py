"""Weights of the rows come as a column, and their losses as a vector."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.data import batches
from benchmarks.findings.loops import descend
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.regression import brightness, error_of, network

RULE = "LR104"
NUMBER = "validation error, over that of the mean label"
HEALTHY = (0.0, 0.3)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = brightness()
    doubtful = np.arange(len(data.y)) % 5 < 3  # these have the label of another row
    labels = np.where(doubtful, np.roll(data.y, 1) + 4.0, data.y)
    targets = np.stack([labels, np.where(doubtful, 0.02, 1.0)], axis=1).astype("float32")
    model = network(keras)
    optimizer = keras.optimizers.Adam(1e-2)
    bench.watch(model)

    def loss_fn(y: Any, y_pred: Any, sample_weight: Any) -> Any:
        errors = tf.reduce_mean(tf.square(y - y_pred), axis=1)
        if cure:
            return tf.reduce_mean(errors * tf.squeeze(sample_weight, axis=-1))
        return tf.reduce_mean(errors * sample_weight)

    @tf.function
    def train_step(x: Any, y: Any, weight: Any) -> Any:
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss = loss_fn(y, y_pred, weight)
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, y_pred

    pairs = batches(data.x, targets, size=48, steps=150)
    for step, (x, both) in enumerate(pairs, start=1):
        y, weight = (tf.constant(both[:, at : at + 1]) for at in (0, 1))
        loss, y_pred = train_step(tf.constant(x), y, weight)
        if step % 20 == 0:
            bench.loss_reduction(loss_fn, y, y_pred, value=loss, step=step, sample_weight=weight)
        bench.record(model, step)
    return error_of(model, data)

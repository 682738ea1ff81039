"""Weights that add up to 1 over the batch, and then a mean on top."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.steps import growth

RULE = "LR101"
NUMBER = "growth of the step with a batch twice as large"
HEALTHY = (0.99, 1.01)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    model = dense_net(keras)
    optimizer = keras.optimizers.SGD(0.1)
    bench.watch(model, optimizer=optimizer)

    def loss_fn(y: Any, y_pred: Any) -> Any:
        per_example_loss = keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True)
        rare = 1.0 + tf.cast(tf.equal(y, 8), tf.float32)
        weights = rare / tf.reduce_sum(rare)
        if cure:
            return tf.reduce_sum(per_example_loss * weights)
        else:
            return tf.reduce_mean(per_example_loss * weights)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss = loss_fn(y, y_pred)
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, y_pred

    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=8), start=1):
        loss, y_pred = train_step(x, y)
        bench.loss_reduction(loss_fn, np.asarray(y), y_pred, value=loss, step=step)
        bench.record(model, step)
    return growth(model, train_step, data, rows=48)

"""A loop adds up the gradients of four small batches, each of a mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.data import batches, digits
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.steps import step_ratio

RULE = "LR113"
NUMBER = "step over learning rate, over the gradient of the mean of all rows"
HEALTHY = (0.95, 1.05)
PARTS = 4


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    model = dense_net(keras, norm=keras.layers.LayerNormalization())
    optimizer = keras.optimizers.SGD(0.01)
    optimizer.build(model.trainable_variables)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    bench.watch(model, optimizer=optimizer)

    @tf.function
    def gradients_of(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            if cure:
                loss = loss_fn(y, y_pred) / 4
            else:
                loss = loss_fn(y, y_pred)
        return tape.gradient(loss, model.trainable_variables), loss, y_pred

    def train_step(x: Any, y: Any) -> Any:
        total = [tf.zeros_like(weight) for weight in model.trainable_variables]
        for rows, labels in zip(np.split(x, PARTS), np.split(y, PARTS), strict=True):
            gradients, loss, y_pred = gradients_of(tf.constant(rows), tf.constant(labels))
            total = [one + other for one, other in zip(total, gradients, strict=True)]
        optimizer.apply_gradients(zip(total, model.trainable_variables, strict=True))
        return labels, loss, y_pred

    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=8), start=1):
        labels, loss, y_pred = train_step(x, y)
        bench.loss_reduction(loss_fn, labels, y_pred, value=loss, step=step)
        bench.record(model, step)
    return step_ratio(model, train_step, loss_fn, data, rate=0.01)

"""A loop's loss takes the probabilities of the model for logits."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench

RULE = "LR112"
NUMBER = "validation accuracy"
HEALTHY = (0.8, 1.0)
CURES = ("probabilities", "no softmax")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    if cure == "no softmax":
        model = dense_net(keras, momentum=0.9)
    else:
        model = dense_net(keras, activation="softmax", momentum=0.9)
    if cure == "probabilities":
        loss_fn = keras.losses.SparseCategoricalCrossentropy()
    else:
        loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.SGD(0.1)
    bench.watch(model, optimizer=optimizer)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            y_pred = tf.identity(model(x, training=True))
            loss = loss_fn(y, y_pred)
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, y_pred

    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=60), start=1):
        loss, y_pred = train_step(x, y)
        bench.loss_reduction(loss_fn, y, y_pred, value=loss, step=step)
        bench.record(model, step)
    return accuracy(model(data.x_val, training=False), data.y_val)

"""Layers with an L2 regularizer in a loop that never adds `model.losses`."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/tensorflow/tensorflow/issues/33635"
EXPECTED = {"keras": ("LR106",), "tf_keras": ("LR106",)}


def _network(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, kernel_regularizer=keras.regularizers.L2(0.02)),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dense(10, kernel_regularizer=keras.regularizers.L2(0.02)),
        ]
    )


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = _network(keras)
    optimizer, loss_of = keras.optimizers.Adam(1e-3), class_loss(keras)
    bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            predictions = model(x, training=True)
            loss = loss_of(y, predictions)  # the fault: LR106
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, predictions, tf.add_n(model.losses)

    seen: list[tuple[float, float, float]] = []
    bench.evidence(lambda: seen[-1][2] > 0.1 and abs(seen[-1][0] - seen[-1][1]) < 1e-4)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=60), start=1):
        loss, predictions, penalty = train_step(x, y)
        logits = predictions.numpy().astype("float64")
        rows = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(y)), y]
        seen.append((float(loss), float(rows.mean()), float(penalty)))
        if step % 5 == 1:
            bench.loss_reduction(loss_of, y, predictions, step=step, value=loss)
        bench.record(model, step)
    loss, rows, penalty = seen[-1]
    bench.faulty(abs(loss - rows) < 1e-4, "the loss is the cross entropy alone")
    bench.faulty(penalty > 0.1, f"a penalty of {penalty:.2f} is not differentiated")
    bench.final(model)

"""A loop differentiates `reduce_sum(...) / 32`: ten times what `fit` calls the same loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits, one_hot
from benchmarks.findings.loops import descend

REPORT = "the published account behind scenario D3 in docs/design.md"
EXPECTED = {"keras": ("LR102",), "tf_keras": ("LR102",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    optimizer = keras.optimizers.SGD(0.01)
    bench.watch(model)

    def loss_of(y_true: Any, y_pred: Any) -> Any:
        return tf.reduce_sum(tf.square(y_pred - y_true)) / 32.0  # the fault: LR102

    ratios: list[float] = []
    bench.evidence(lambda: ratios and 9.9 < ratios[-1] < 10.1)
    for step, (x, y) in enumerate(batches(data.x, one_hot(data.y), size=32, steps=40), start=1):
        with tf.GradientTape() as tape:
            out = model(x)
            loss = loss_of(y, out)
        descend(optimizer, tape, loss, model.trainable_variables)
        ratios.append(float(loss) / float(np.mean((out.numpy() - y) ** 2)))
        bench.loss_reduction(loss_of, y, out, step=step, value=loss)
        bench.record(model, step)
    doubled = float(loss_of(np.tile(y, (2, 1)), np.tile(out.numpy(), (2, 1))))
    bench.faulty(abs(doubled / float(loss) - 2) < 1e-3, "twice the batch gives twice the loss")
    bench.faulty(9.9 < ratios[-1] < 10.1, f"{ratios[-1]:.2f} times the mean squared error")
    bench.final(model)

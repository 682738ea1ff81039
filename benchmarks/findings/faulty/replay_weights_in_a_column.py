"""Weights of the rows come as a column, their losses do not: no row has its own weight."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits, one_hot
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/Curt-Park/rainbow-is-all-you-need/issues/79"
EXPECTED = {"keras": ("LR104",), "tf_keras": ("LR104",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    random = np.random.default_rng(3)
    doubtful = random.random(len(data.y)) < 0.6  # these have the label of the digit before
    targets = one_hot(np.where(doubtful, (data.y - 1) % 10, data.y))
    weights = np.where(doubtful, 0.05, 1.0).astype("float32")[:, None]
    model = dense_net(keras, momentum=0.9)
    optimizer = keras.optimizers.Adam(5e-3)
    bench.watch(model)

    def weighted_error(y: Any, values: Any, sample_weight: Any) -> Any:
        elementwise = tf.reduce_mean(tf.square(y - values), axis=1)
        return tf.reduce_mean(elementwise * sample_weight)  # the fault: LR104

    @tf.function
    def train_step(x: Any, y: Any, weight: Any) -> Any:
        with tf.GradientTape() as tape:
            values = model(x, training=True)
            loss = weighted_error(y, values, weight)
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, values

    wrong: list[bool] = []
    bench.evidence(lambda: wrong[-1])
    for step in range(1, 121):
        rows = random.integers(0, len(data.x), 40)
        x, y, weight = (tf.constant(part[rows]) for part in (data.x, targets, weights))
        loss, values = train_step(x, y, weight)
        each = np.mean((targets[rows] - values.numpy()) ** 2, axis=1)
        mixed = float(weights[rows].mean() * each.mean())
        own = float(np.mean(weights[rows][:, 0] * each))
        wrong.append(abs(float(loss) - mixed) < 1e-5 < 0.02 * own < abs(float(loss) - own))
        if step % 10 == 1:
            bench.loss_reduction(
                weighted_error, y, values, step=step, value=loss, sample_weight=weight
            )
        bench.record(model, step)
    said = model(data.x_val, training=False).numpy().argmax(1)
    right, doubted = (
        float(np.mean(said == data.y_val)),
        float(np.mean(said == (data.y_val - 1) % 10)),
    )
    bench.faulty(np.mean(wrong) > 0.8, "the loss is the mean weight times the mean error")
    bench.faulty(doubted > 0.5 > right, f"doubtful rows win: {doubted:.2f} say so, {right:.2f} not")
    bench.final(model)

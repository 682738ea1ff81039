"""A traced loop that calls `model(x)` without `training`: the statistics stay at 0 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import descend

REPORT = "https://github.com/tensorflow/tensorflow/issues/32864"
EXPECTED = {"keras": ("BN101",), "tf_keras": ("BN101",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    norm = keras.layers.BatchNormalization()
    model = keras.Sequential(
        [
            keras.layers.Conv2D(8, 3, activation="relu"),
            norm,
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    model.build((None, 8, 8, 1))
    optimizer = keras.optimizers.Adam(1e-3)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    bench.watch(model)
    weights = [norm.gamma.numpy()]

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x))  # the fault: BN101
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss

    bench.evidence(
        lambda: (
            not np.array_equal(norm.gamma.numpy(), weights[0])
            and not norm.moving_mean.numpy().any()
            and (norm.moving_variance.numpy() == 1).all()
        )
    )
    for step, (x, y) in enumerate(batches(data.x, data.y, size=32, steps=60), start=1):
        train_step(x, y)
        bench.record(model, step)
    bench.faulty(not norm.moving_mean.numpy().any(), "the moving mean is 0 after 60 steps")
    batch = model(data.x_val[:64], training=True)
    bench.faulty(np.abs(norm.moving_mean.numpy()).max() > 0, "one call in training mode moves it")
    bench.faulty(accuracy(batch, data.y_val[:64]) > 0.3, "the network itself learns")
    bench.final(model)

"""A compiled loop (`jit_compile=True`) for pose estimation that never passes `training`."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.variables import at_start, changes, trained

REPORT = "https://github.com/michalfaber/tensorflow_Realtime_Multi-Person_Pose_Estimation/issues/13"
EXPECTED = {"keras": ("BN101",), "tf_keras": ("BN101",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    targets = np.tile(data.x[:, 1:7, 1:7], 2)  # two heat maps
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(8, 3, padding="same"),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Conv2D(2, 3),
        ]
    )
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    bench.watch(model)

    @tf.function(jit_compile=True)
    def train_one_batch(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))  # the fault: BN101
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss

    learns = changes(lambda: trained(model))
    bench.evidence(lambda: learns() and at_start(model))
    losses = []
    for step, (x, y) in enumerate(batches(data.x, targets, size=16, steps=40), start=1):
        losses.append(float(train_one_batch(x, y)))
        bench.record(model, step)
    bench.faulty(losses[-1] < losses[0] and learns(), "the network is trained")
    bench.faulty(at_start(model), "the statistics are 0 and 1 after 40 steps")
    bench.final(model)

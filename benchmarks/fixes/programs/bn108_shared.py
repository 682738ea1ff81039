"""Two towers share a layer: its statistics move twice a step, and forget twice as fast."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.data import batches
from benchmarks.findings.loops import descend
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers

RULE = "BN108"
NUMBER = "share of the old statistics that is left after a step"
HEALTHY = (0.899, 0.901)
STAYS = "two updates a step are what the program means; what heals is how fast they forget"


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    momentum = 0.9
    norm = keras.layers.BatchNormalization(momentum=momentum ** (1 / 2) if cure else momentum)
    tower = keras.Sequential(raw_layers(keras, norm=norm))
    optimizer = keras.optimizers.Adam(1e-3)
    bench.watch(tower)

    @tf.function
    def train_step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            near, far = tower(x, training=True), tower(tf.reverse(x, [0]), training=True)
            apart = tf.reduce_mean(tf.square(near - far), axis=-1)
            alike = tf.cast(tf.equal(y, tf.reverse(y, [0])), tf.float32)
            loss = tf.reduce_mean(alike * apart - (1.0 - alike) * tf.minimum(apart, 1.0))
        descend(optimizer, tape, loss, tower.trainable_variables)

    left = float("nan")
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=20), start=1):
        old = norm.moving_mean.numpy()
        train_step(x, y)
        bench.record(tower, step)
        if step == 1:
            away = norm.moving_mean.numpy() - x.mean(axis=0)
            left = float(np.linalg.norm(away) / np.linalg.norm(old - x.mean(axis=0)))
    return left

"""Rewards (N, 1) and the values that come after them (N,) add up to N targets for each row."""

from __future__ import annotations

from typing import Any

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
    model = network(keras, flat=True)
    optimizer = keras.optimizers.Adam(1e-2)
    bench.watch(model)

    def loss_fn(y: Any, y_pred: Any) -> Any:
        return tf.reduce_mean(tf.square(y - y_pred))

    @tf.function
    def train_step(x: Any, reward: Any) -> Any:
        after = 0.1 * tf.reduce_max(x, axis=1)
        if cure:
            target = tf.squeeze(reward, axis=-1) + after
        else:
            target = reward + after
        with tf.GradientTape() as tape:
            values = model(x, training=True)
            loss = loss_fn(target, values)
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, target, values

    pairs = batches(data.x, data.y[:, None], size=48, steps=80)
    for step, (x, reward) in enumerate(pairs, start=1):
        loss, target, values = train_step(tf.constant(x), tf.constant(reward))
        if step % 20 == 0:
            bench.loss_reduction(loss_fn, target, values, value=loss, step=step)
        bench.record(model, step)
    return error_of(model, data)

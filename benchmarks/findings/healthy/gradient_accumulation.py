"""Gradients of four small batches make one step, so the statistics move four times a step."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits

REPORT = "https://github.com/andreped/GradientAccumulator/issues/6"
PARTS = 4


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.98),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(5e-3)
    sums = [tf.Variable(tf.zeros(tuple(v.shape))) for v in model.trainable_variables]

    @tf.function
    def accumulate(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True)) / PARTS
        gradients = tape.gradient(loss, model.trainable_variables)
        for total, gradient in zip(sums, gradients, strict=True):
            total.assign_add(gradient)
        return loss

    @tf.function
    def apply() -> None:
        gradients = [total + 0.0 for total in sums]
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        for total in sums:
            total.assign(tf.zeros_like(total))

    watch = bench.watch(model)
    for part, (x, y) in enumerate(batches(data.x, data.y, size=32, steps=150 * PARTS), 1):
        accumulate(tf.constant(x), tf.constant(y))
        if part % PARTS == 0:
            apply()
            bench.record(model, part // PARTS)
    with watch.evaluating():
        right = accuracy(model(data.x_val, training=False), data.y_val)
    watch.close()
    bench.accurate(right)
    bench.final(model)

"""Kernels and gammas with a penalty, and a loop that adds `model.losses` to its loss."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import descend

REPORT = "https://github.com/tensorflow/tensorflow/issues/33635"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    penalty = keras.regularizers.L2(1e-4)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, use_bias=False, kernel_regularizer=penalty),
            layers.BatchNormalization(momentum=0.9, gamma_regularizer=penalty),
            layers.ReLU(),
            layers.Dense(10, kernel_regularizer=penalty),
        ]
    )
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(3e-3)

    @tf.function
    def train_step(x: Any, y: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            loss = loss_fn(y, outputs) + tf.add_n(model.losses)
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, outputs

    watch = bench.watch(model)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=220), 1):
        loss, outputs = train_step(tf.constant(x), tf.constant(y))
        bench.record(model, step)
        if step % 40 == 0:
            bench.loss_reduction(loss_fn, y, outputs, value=loss, step=step)
    with watch.evaluating():
        right = accuracy(model(data.x_val, training=False), data.y_val)
    watch.close()
    bench.accurate(right)
    bench.final(model)

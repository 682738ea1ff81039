"""A loop with two heads, whose losses have weights of the program's own, one of them 1/rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits

REPORT = "https://github.com/keras-team/keras/issues/10306"


def net(keras: Any) -> Any:
    layers = keras.layers
    inputs = keras.Input((64,))
    x = layers.Dense(48)(inputs)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    digit = layers.Dense(10, activation="softmax", name="digit")(x)
    odd = layers.Dense(1, activation="sigmoid", name="odd")(x)
    return keras.Model(inputs, {"digit": digit, "odd": odd})


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model, optimizer = net(keras), keras.optimizers.SGD(0.1)
    losses = {
        "digit": keras.losses.SparseCategoricalCrossentropy(),
        "odd": keras.losses.BinaryCrossentropy(),
    }
    watch = bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any, step: Any) -> None:
        labels = {"digit": y, "odd": tf.cast(y[:, tf.newaxis] % 2, tf.float32)}
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            each = {name: losses[name](labels[name], outputs[name]) for name in losses}
            loss = 2.0 * each["digit"] + 0.03125 * each["odd"]
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        bench.loss_reduction(losses, labels, outputs, step=step, value=each)

    for step, (x, y) in enumerate(batches(data.x, data.y, size=32, steps=270), start=1):
        train_step(tf.constant(x), tf.constant(y), tf.constant(step, tf.int64))
        bench.record(model, step)
    with watch.evaluating():
        outputs = model(data.x_val, training=False)
    watch.close()
    bench.accurate(accuracy(np.asarray(outputs["digit"]), data.y_val))
    bench.final(model)

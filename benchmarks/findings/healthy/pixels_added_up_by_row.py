"""A reconstruction loss is the sum over the pixels of an image, and the mean over images: meant."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/phlippe/uvadlc_notebooks/issues/108"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, units=32, outputs=64, momentum=0.9, activation="sigmoid")
    optimizer = keras.optimizers.SGD(0.05)
    watch = bench.watch(model)

    @tf.function
    def train_step(x: Any, step: Any) -> None:
        with tf.GradientTape() as tape:
            images = model(x, training=True)
            loss = tf.reduce_mean(tf.reduce_sum(tf.square(x - images), axis=-1))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        bench.loss_reduction("mse", x, images, step=step)

    for step, (x, _) in enumerate(batches(data.x, data.y, size=48, steps=270), start=1):
        train_step(tf.constant(x), tf.constant(step, tf.int64))
        bench.record(model, step)
    with watch.evaluating():
        error = float(np.mean((model(data.x_val, training=False).numpy() - data.x_val) ** 2))
    watch.close()
    share = error / float(np.var(data.x_val - data.x.mean(axis=0)))
    bench.healthy(share < 0.5, f"the error is {share:.2f} of that of the mean image")
    bench.final(model)

"""A reconstruction loss is added up over all pixels of the batch, and its mean is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits

REPORT = "https://github.com/SeldonIO/alibi-detect/issues/90"
EXPECTED = {"keras": ("LR110",), "tf_keras": ("LR110",)}
ROWS, PIXELS = 48, 64


def autoencoder(keras: Any) -> Any:
    layers = keras.layers

    class Autoencoder(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = layers.Dense(16)
            self.norm = layers.BatchNormalization(momentum=0.9)
            self.decoder = layers.Dense(PIXELS, activation="sigmoid")

        def call(self, images: Any, training: bool | None = None) -> Any:
            return self.decoder(tf.nn.relu(self.norm(self.encoder(images), training=training)))

    return Autoencoder()


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model, optimizer = autoencoder(keras), keras.optimizers.SGD(1e-4)
    model(data.x[:1])
    entropy = keras.losses.BinaryCrossentropy()
    bench.watch(model)

    @tf.function
    def train_step(x: Any, step: Any) -> Any:
        with tf.GradientTape() as tape:
            images = model(x, training=True)
            pixels = keras.losses.binary_crossentropy(x[..., None], images[..., None])
            loss = tf.reduce_sum(pixels)  # the fault: LR110
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        bench.loss_reduction(entropy, x, images, step=step)
        return loss, entropy(x, images)

    times: list[float] = []
    bench.evidence(lambda: len(times) > 2)
    for step, (x, _) in enumerate(batches(data.x, data.y, size=ROWS, steps=40), start=1):
        loss, mean = train_step(tf.constant(x), tf.constant(step, tf.int64))
        times.append(float(loss) / float(mean))
        bench.record(model, step)
    whole = float(ROWS * PIXELS)
    bench.faulty(np.allclose(times, whole, rtol=1e-2), f"{times[-1]:.0f} times the mean")
    bench.final(model)

"""A GAN as one model with a `train_step` of its own, trained by `fit`."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend

REPORT = "https://keras.io/examples/generative/dcgan_overriding_train_step/"
NOISE = 16


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers

    class Gan(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.discriminator = keras.Sequential(
                [
                    keras.Input((64,)),
                    layers.Dense(48),
                    layers.LeakyReLU(),
                    layers.Dense(24),
                    layers.LeakyReLU(),
                    layers.Dense(1),
                ]
            )
            self.generator = keras.Sequential(
                [
                    keras.Input((NOISE,)),
                    layers.Dense(48, use_bias=False),
                    layers.BatchNormalization(momentum=0.9),
                    layers.LeakyReLU(),
                    layers.Dense(64, activation="sigmoid"),
                ]
            )

        def compile(self, rate: float) -> None:
            super().compile()
            self.d_optimizer = keras.optimizers.Adam(rate, beta_1=0.5)
            self.g_optimizer = keras.optimizers.Adam(rate, beta_1=0.5)
            self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)

        def call(self, noise: Any, training: Any = None) -> Any:
            return self.generator(noise, training=training)

        def train_step(self, images: Any) -> Any:
            rows = tf.shape(images)[0]
            fakes = self.generator(tf.random.normal((rows, NOISE)), training=True)
            both = tf.concat([fakes, images], axis=0)
            labels = tf.concat([tf.zeros((rows, 1)), tf.ones((rows, 1))], axis=0)
            with tf.GradientTape() as tape:
                d_loss = self.loss_fn(labels, self.discriminator(both, training=True))
            descend(self.d_optimizer, tape, d_loss, self.discriminator.trainable_weights)
            with tf.GradientTape() as tape:
                fakes = self.generator(tf.random.normal((rows, NOISE)), training=True)
                g_loss = self.loss_fn(tf.ones((rows, 1)), self.discriminator(fakes, training=True))
            descend(self.g_optimizer, tape, g_loss, self.generator.trainable_weights)
            return {"d_loss": d_loss, "g_loss": g_loss}

    gan = Gan()
    gan.compile(1e-3)
    images = tf.data.Dataset.from_tensor_slices(data.x).shuffle(1440, seed=1)
    gan.fit(
        images.batch(48, drop_remainder=True), epochs=12, verbose=0, callbacks=bench.callbacks()
    )
    noise = np.random.default_rng(5).standard_normal((200, NOISE)).astype("float32")
    drawn = gan.predict(noise, verbose=0)
    off = float(np.abs(drawn.mean(axis=0) - data.x.mean(axis=0)).mean())
    bench.healthy(off < 0.12, f"the mean image drawn is off by {off:.3f} only")
    bench.healthy(drawn.std(axis=0).mean() > 0.05, "the images drawn differ from each other")
    bench.final(gan)

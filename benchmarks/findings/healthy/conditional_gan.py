"""A conditional GAN as in the Keras tutorial: a model without `call`, two nets, two optimizers."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import CLASSES, digits, one_hot
from benchmarks.findings.loops import descend

REPORT = "https://keras.io/examples/generative/conditional_gan/"
NOISE = 8


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    discriminator = keras.Sequential(
        [
            keras.Input((64 + CLASSES,)),
            layers.Dense(64),
            layers.LeakyReLU(),
            layers.Dropout(0.2),
            layers.Dense(1),
        ],
        name="discriminator",
    )
    generator = keras.Sequential(
        [
            keras.Input((NOISE + CLASSES,)),
            layers.Dense(64, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(),
            layers.Dense(64, activation="sigmoid"),
        ],
        name="generator",
    )

    class ConditionalGAN(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.discriminator, self.generator = discriminator, generator
            self.d_loss_tracker = keras.metrics.Mean(name="d_loss")
            self.g_loss_tracker = keras.metrics.Mean(name="g_loss")

        @property
        def metrics(self) -> list[Any]:
            return [self.d_loss_tracker, self.g_loss_tracker]

        def compile(self, d_optimizer: Any, g_optimizer: Any, loss_fn: Any) -> None:
            super().compile()
            self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
            self.loss_fn = loss_fn

        def train_step(self, pair: Any) -> Any:
            real, labels = pair
            noise = tf.random.normal((tf.shape(real)[0], NOISE))
            seeds = tf.concat([noise, labels], axis=1)
            fake = self.generator(seeds, training=True)
            shown = tf.concat([tf.concat([fake, labels], 1), tf.concat([real, labels], 1)], 0)
            wanted = tf.concat([tf.ones_like(real[:, :1]), tf.zeros_like(real[:, :1])], 0)
            wanted += 0.05 * tf.random.uniform(tf.shape(wanted))
            with tf.GradientTape() as tape:
                d_loss = self.loss_fn(wanted, self.discriminator(shown, training=True))
            descend(self.d_optimizer, tape, d_loss, self.discriminator.trainable_weights)
            misleading = tf.zeros_like(real[:, :1])
            with tf.GradientTape() as tape:
                fake = self.generator(seeds, training=True)
                said = self.discriminator(tf.concat([fake, labels], 1), training=True)
                g_loss = self.loss_fn(misleading, said)
            descend(self.g_optimizer, tape, g_loss, self.generator.trainable_weights)
            self.d_loss_tracker.update_state(d_loss)
            self.g_loss_tracker.update_state(g_loss)
            return {metric.name: metric.result() for metric in self.metrics}

    gan = ConditionalGAN()
    gan.compile(
        d_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.5),
        g_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.5),
        loss_fn=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    pairs = tf.data.Dataset.from_tensor_slices((data.x, one_hot(data.y))).shuffle(1440, seed=3)
    pairs = pairs.batch(48, drop_remainder=True)
    gan.fit(pairs, epochs=14, verbose=0, callbacks=bench.callbacks())
    noise = np.random.default_rng(6).standard_normal((CLASSES, 30, NOISE)).astype("float32")
    means = np.stack([data.x[data.y == digit].mean(0) for digit in range(CLASSES)])
    right = 0
    for digit in range(CLASSES):
        label = np.repeat(one_hot(np.array([digit])), 30, axis=0)
        drawn = np.asarray(generator(np.concatenate([noise[digit], label], 1), training=False))
        right += int(np.abs(means - drawn.mean(0)).mean(1).argmin() == digit)
    bench.healthy(right >= 8, f"{right} of ten digits are drawn like themselves in the mean")
    bench.final(gan)

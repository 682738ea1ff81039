"""A GAN in a loop of its own: both nets normalize real and generated batches in training mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend

REPORT = "https://www.tensorflow.org/tutorials/generative/dcgan"
NOISE = 16


def _generator(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((NOISE,)),
            layers.Dense(2 * 2 * 32, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(),
            layers.Reshape((2, 2, 32)),
            layers.Conv2DTranspose(16, 4, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="sigmoid"),
        ],
        name="generator",
    )


def _discriminator(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same"),
            layers.LeakyReLU(),
            layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(),
            layers.Flatten(),
            layers.Dense(1),
        ],
        name="discriminator",
    )


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    generator, discriminator = _generator(keras), _discriminator(keras)
    generator_optimizer = keras.optimizers.Adam(1e-3, beta_1=0.5)
    discriminator_optimizer = keras.optimizers.Adam(1e-3, beta_1=0.5)
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    watches = [bench.watch(generator), bench.watch(discriminator)]

    @tf.function
    def train_step(images: Any, noise: Any) -> Any:
        with tf.GradientTape() as tape, tf.GradientTape() as other:
            fakes = generator(noise, training=True)
            real = discriminator(images, training=True)
            fake = discriminator(fakes, training=True)
            generator_loss = cross_entropy(tf.ones_like(fake), fake)
            loss = cross_entropy(tf.ones_like(real), real)
            loss += cross_entropy(tf.zeros_like(fake), fake)
        descend(generator_optimizer, tape, generator_loss, generator.trainable_variables)
        descend(discriminator_optimizer, other, loss, discriminator.trainable_variables)
        return generator_loss, loss

    random = np.random.default_rng(5)
    start = generator(random.standard_normal((200, NOISE)).astype("float32"), training=False)
    for step, (images, _) in enumerate(batches(data.x, data.y, size=64, steps=350), 1):
        noise = random.standard_normal((64, NOISE)).astype("float32")
        losses = train_step(tf.constant(images), tf.constant(noise))
        bench.record(generator, step)
        bench.record(discriminator, step)
    for watch in watches:
        watch.close()

    noise = random.standard_normal((200, NOISE)).astype("float32")
    drawn = np.asarray(generator(noise, training=False))
    first = float(np.abs(np.mean(start, axis=0) - data.x.mean(axis=0)).mean())
    last = float(np.abs(drawn.mean(axis=0) - data.x.mean(axis=0)).mean())
    bench.healthy(last < first / 2, f"mean image off by {first:.3f} before, {last:.3f} after")
    bench.healthy(drawn.std(axis=0).mean() > 0.05, "the images drawn differ from each other")
    bench.healthy(np.isfinite(losses).all(), "both losses are finite")
    bench.final([generator, discriminator])

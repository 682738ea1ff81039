"""A discriminator normalizes real and generated images one after the other with one layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend

REPORT = "https://github.com/carpedm20/DCGAN-tensorflow/issues/289"
EXPECTED = {"keras": ("BN108",), "tf_keras": ("BN108",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    norm = keras.layers.BatchNormalization(momentum=0.5)
    discriminator = keras.Sequential(
        [keras.Input((64,)), norm, keras.layers.Dense(32, "relu"), keras.layers.Dense(1)]
    )
    generator = keras.Sequential([keras.Input((8,)), keras.layers.Dense(64)])
    losses = keras.losses.BinaryCrossentropy(from_logits=True)
    d_optimizer, g_optimizer = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)
    bench.watch(discriminator)

    @tf.function
    def train_step(real: Any, noise: Any) -> Any:
        with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
            fake = generator(noise, training=True)
            on_real = discriminator(real, training=True)
            on_fake = discriminator(fake, training=True)
            d_loss = losses(tf.ones_like(on_real), on_real)
            d_loss += losses(tf.zeros_like(on_fake), on_fake)
            g_loss = losses(tf.ones_like(on_fake), on_fake)
        descend(d_optimizer, d_tape, d_loss, discriminator.trainable_variables)
        descend(g_optimizer, g_tape, g_loss, generator.trainable_variables)
        return fake

    seen: dict[str, Any] = {}

    def moved_twice() -> bool:
        """After one step the mean is what two updates give, real first."""
        once = 0.5 * seen["before"] + 0.5 * seen["real"]
        twice = 0.5 * once + 0.5 * seen["fake"]
        mean = norm.moving_mean.numpy()
        return bool(np.abs(mean - twice).max() < 1e-4 < np.abs(mean - once).max())

    bench.evidence(moved_twice)
    random = np.random.default_rng(2)
    for step, (x, _) in enumerate(batches(data.x, data.y, size=48, steps=60), start=1):
        seen["before"] = norm.moving_mean.numpy().copy()
        fake = train_step(x, random.normal(size=(48, 8)).astype("float32"))
        seen["real"], seen["fake"] = x.mean(0), fake.numpy().mean(0)
        bench.record(discriminator, step)
    bench.faulty(moved_twice(), "the statistics move twice a step, from two distributions")
    bench.final([discriminator, generator])

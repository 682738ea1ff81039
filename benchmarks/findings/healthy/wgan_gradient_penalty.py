"""A WGAN with gradient penalty: the critic is asked several times a step, the labels never used."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend

REPORT = "https://keras.io/examples/generative/wgan_gp/"
NOISE = 16


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    # No batch normalization in the critic: the penalty is one of each image for itself.
    critic = keras.Sequential(
        [keras.Input((64,)), layers.Dense(64), layers.LeakyReLU(), layers.Dense(1)], name="critic"
    )
    generator = keras.Sequential(
        [
            keras.Input((NOISE,)),
            layers.Dense(64, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(),
            layers.Dense(64, activation="sigmoid"),
        ],
        name="generator",
    )
    critic_optimizer = keras.optimizers.Adam(2e-3, beta_1=0.5, beta_2=0.9)
    generator_optimizer = keras.optimizers.Adam(2e-3, beta_1=0.5, beta_2=0.9)

    @tf.function
    def critic_step(images: Any, noise: Any, mixing: Any) -> Any:
        fakes = generator(noise, training=True)
        with tf.GradientTape() as tape:
            between = mixing * images + (1 - mixing) * fakes
            with tf.GradientTape() as inner:
                inner.watch(between)
                scores = critic(between, training=True)
            norms = tf.norm(inner.gradient(scores, between), axis=1)
            loss = tf.reduce_mean(critic(fakes, training=True))
            loss -= tf.reduce_mean(critic(images, training=True))
            loss += 10.0 * tf.reduce_mean(tf.square(norms - 1.0))
        descend(critic_optimizer, tape, loss, critic.trainable_variables)
        return loss

    @tf.function
    def generator_step(noise: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(critic(generator(noise, training=True), training=True))
        descend(generator_optimizer, tape, loss, generator.trainable_variables)
        return loss

    random = np.random.default_rng(5)

    def noise() -> Any:
        return tf.constant(random.standard_normal((48, NOISE)), tf.float32)

    watch = bench.watch(generator)
    for step, (images, _) in enumerate(batches(data.x, data.y, size=48, steps=600), 1):
        critic_step(tf.constant(images), noise(), tf.constant(random.random((48, 1)), tf.float32))
        if step % 3 == 0:
            generator_step(noise())
            bench.record(generator, step // 3)
    watch.close()
    drawn = np.asarray(generator(random.standard_normal((200, NOISE)), training=False))
    off = float(np.abs(drawn.mean(axis=0) - data.x.mean(axis=0)).mean())
    bench.healthy(off < 0.12, f"the mean image drawn is off by {off:.3f} only")
    bench.final([generator, critic])

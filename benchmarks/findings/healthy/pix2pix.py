"""Image to image with `training=True` at test time, as the paper says, and this is declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits

REPORT = "https://github.com/tensorflow/tensorflow/issues/29478"


def _generator(keras: Any) -> Any:
    layers = keras.layers
    inputs = keras.Input((8, 8, 1))
    down = layers.Conv2D(16, 4, strides=2, padding="same", use_bias=False)(inputs)
    down = layers.LeakyReLU()(layers.BatchNormalization(momentum=0.9)(down))
    deep = layers.Conv2D(32, 4, strides=2, padding="same", use_bias=False)(down)
    deep = layers.LeakyReLU()(layers.BatchNormalization(momentum=0.9)(deep))
    up = layers.Conv2DTranspose(16, 4, strides=2, padding="same", use_bias=False)(deep)
    up = layers.BatchNormalization(momentum=0.9)(up)
    up = layers.ReLU()(layers.Dropout(0.2)(up))
    up = layers.Concatenate()([up, down])
    outputs = layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="sigmoid")(up)
    return keras.Model(inputs, outputs, name="generator")


def _discriminator(keras: Any) -> Any:
    layers = keras.layers
    inputs, target = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    x = layers.Concatenate()([inputs, target])
    x = layers.LeakyReLU()(layers.Conv2D(16, 3, strides=2, padding="same")(x))
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)
    x = layers.LeakyReLU()(layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model([inputs, target], layers.Conv2D(1, 3, padding="same")(x), name="patches")


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    generator, discriminator = _generator(keras), _discriminator(keras)
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    optimizers = [keras.optimizers.Adam(2e-3, beta_1=0.5) for _ in range(2)]

    def edges(x: Any) -> Any:
        right = np.abs(np.diff(x, axis=2, append=x[:, :, -1:]))
        return np.clip(right + np.abs(np.diff(x, axis=1, append=x[:, -1:])), 0, 1)

    @tf.function
    def train_step(source: Any, target: Any) -> Any:
        with tf.GradientTape() as tape, tf.GradientTape() as other:
            made = generator(source, training=True)
            real = discriminator([source, target], training=True)
            fake = discriminator([source, made], training=True)
            loss = cross_entropy(tf.ones_like(fake), fake)
            loss += 100.0 * tf.reduce_mean(tf.abs(target - made))
            judged = cross_entropy(tf.ones_like(real), real)
            judged += cross_entropy(tf.zeros_like(fake), fake)
        for model, optimizer, gradients in (
            (generator, optimizers[0], tape.gradient(loss, generator.trainable_variables)),
            (
                discriminator,
                optimizers[1],
                other.gradient(judged, discriminator.trainable_variables),
            ),
        ):
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    watches = [bench.watch(generator, expect=("BN104",)), bench.watch(discriminator)]
    x_val = edges(data.x_val)
    off = 1.0
    for step, (target, _) in enumerate(batches(data.x, data.y, size=48, steps=300), 1):
        train_step(tf.constant(edges(target)), tf.constant(target))
        bench.record(generator, step)
        bench.record(discriminator, step)
        if step % 100 == 0:
            with watches[0].evaluating():
                made = generator(x_val, training=True)
            off = float(np.abs(np.asarray(made) - data.x_val).mean())
    for watch in watches:
        watch.close()
    plain = float(np.abs(data.x.mean(axis=0) - data.x_val).mean())
    bench.healthy(off < plain / 2, f"off by {off:.3f}, where the mean image is by {plain:.3f}")
    bench.final([generator, discriminator])

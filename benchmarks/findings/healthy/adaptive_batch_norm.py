"""Statistics of a trained net are adapted to dimmer, noisier images, and this is declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import training_step

REPORT = "https://arxiv.org/abs/1603.04779"  # Revisiting Batch Normalization (AdaBN)


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
    model.add(layers.Flatten())
    model.add(layers.Dense(10))
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(3e-3)

    train_step = training_step(model, optimizer, loss_fn)

    watch = bench.watch(model, expect=("BN104",))
    for step, (x, y) in enumerate(batches(data.x, data.y, size=64, steps=150), 1):
        train_step(tf.constant(x), tf.constant(y))
        bench.record(model, step)

    random = np.random.default_rng(8)
    shifted = 0.35 * data.x_val + 0.5 + random.normal(0, 0.03, data.x_val.shape)
    shifted = shifted.astype("float32")
    with watch.evaluating():
        before = accuracy(model(shifted, training=False), data.y_val)
    with watch.evaluating():
        for x, _ in batches(shifted, data.y_val, size=64, steps=40):
            model(x, training=True)
    bench.record(model, 151)
    with watch.evaluating():
        after = accuracy(model(shifted, training=False), data.y_val)
    watch.close()
    bench.healthy(after > before + 0.05, f"accuracy {before:.3f} before, {after:.3f} after")
    bench.healthy(after > 0.75, f"accuracy {after:.3f} on the shifted images is above 0.75")
    bench.final(model)

"""Inputs far from 0, few steps: the means of batches run away from a moving mean near its start."""

from __future__ import annotations

from typing import Any

import numpy as np
import tb_bnplugin

from benchmarks.findings.data import accuracy
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench

RULE = "BN201"
NUMBER = "validation accuracy"
HEALTHY = (0.9, 1.0)
CURES = ("centred", "recalibrated")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    layers, random = keras.layers, np.random.default_rng(3)
    y = random.integers(0, 4, 2000)
    x = random.normal(40.0, 0.7, (len(y), 8, 8, 3)).astype("float32")
    for row, of in enumerate(y):
        x[row, 4 * (of // 2) :, 4 * (of % 2) :][:4, :4] += 1.2
    if cure == "centred":
        x = x - x.mean()
    norm = layers.BatchNormalization(momentum=0.98)
    stack = [keras.Input((8, 8, 3)), layers.Conv2D(16, 3, strides=2), norm, layers.ReLU()]
    stack += [layers.GlobalAveragePooling2D(), layers.Dense(4)]
    model = keras.Sequential(stack)
    model.compile(keras.optimizers.Adam(3e-3), class_loss(keras))
    callbacks = bench.callbacks()
    if cure == "recalibrated":
        callbacks.append(tb_bnplugin.RecalibrateCallback((x[:1600], y[:1600])))
    model.fit(
        x[:1600],
        y[:1600],
        batch_size=32,
        epochs=3,
        validation_data=(x[1600:], y[1600:]),
        verbose=0,
        callbacks=callbacks,
    )
    return accuracy(model(x[1600:], training=False), y[1600:])

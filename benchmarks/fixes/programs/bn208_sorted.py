"""The rows are in the order of their class, so that each batch is of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.data import accuracy
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench

RULE = "BN208"
NUMBER = "accuracy with batch statistics"
HEALTHY = (0.9, 1.0)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    layers, random = keras.layers, np.random.default_rng(5)
    centres = 2.0 * random.normal(size=(5, 20))
    y, held_y = np.repeat(np.arange(5), 240), random.integers(0, 5, 320)
    x, held_x = (
        (centres[of] + 0.8 * random.normal(size=(len(of), 20))).astype("float32")
        for of in (y, held_y)
    )
    stack = [keras.Input((20,)), layers.BatchNormalization(momentum=0.9), layers.Dense(40)]
    stack += [layers.BatchNormalization(momentum=0.9), layers.ReLU(), layers.Dense(5)]
    model = keras.Sequential(stack)
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    if cure:
        shuffle = True
    else:
        shuffle = False
    model.fit(
        x,
        y,
        batch_size=30,
        epochs=10,
        shuffle=shuffle,
        verbose=0,
        callbacks=bench.callbacks(probe_data=(held_x, held_y)),
    )
    return accuracy(model(held_x, training=True), held_y)

"""Layers are frozen between two calls of `fit`."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers

RULE = "BN105"
NUMBER = "frozen layers that move"
HEALTHY = (0.0, 0.0)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    layer = keras.layers.BatchNormalization(momentum=0.5)
    model = keras.Sequential(raw_layers(keras, norm=layer))
    optimizer, loss = keras.optimizers.Adam(1e-2), class_loss(keras)
    model.compile(optimizer, loss)
    callbacks = bench.callbacks()
    fit(model, data, callbacks, epochs=1)
    if cure:
        layer.trainable = False
        model.compile(keras.optimizers.Adam(1e-2), loss)
    else:
        layer.trainable = False
    moved = changes(lambda: statistics(model))
    fit(model, data, callbacks, epochs=1)
    return float(moved())

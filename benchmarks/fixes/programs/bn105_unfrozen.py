"""A base is unfrozen for fine-tuning, and the model is not compiled again."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, flat
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers

RULE = "BN105"
NUMBER = "unfrozen layers whose gamma stands still"
HEALTHY = (0.0, 0.0)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    layer = keras.layers.BatchNormalization(momentum=0.5)
    model = keras.Sequential(raw_layers(keras, norm=layer))
    loss = class_loss(keras)
    layer.trainable = False
    model.compile(keras.optimizers.Adam(1e-2), loss)
    callbacks = bench.callbacks()
    fit(model, data, callbacks, epochs=1)
    if cure:
        layer.trainable = True
        model.compile(keras.optimizers.Adam(1e-2), loss)
    else:
        layer.trainable = True
    learns = changes(lambda: flat([layer.gamma]))
    fit(model, data, callbacks, epochs=1)
    return float(not learns())

"""Inputs far from 0, few steps: the means of batches run away from a moving mean near its start."""

from __future__ import annotations

from typing import Any

import tb_bnplugin

from benchmarks.findings.data import accuracy
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import bright_images, bright_layers

RULE = "BN201"
NUMBER = "validation accuracy"
HEALTHY = (0.9, 1.0)
CURES = ("centred", "recalibrated")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    x, y = bright_images()
    if cure == "centred":
        x = x - x.mean()
    model = keras.Sequential(bright_layers(keras, momentum=0.98))
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

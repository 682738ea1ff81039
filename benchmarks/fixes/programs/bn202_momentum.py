"""The inputs grow while a momentum of 0.99 averages over the last hundred steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.data import batches
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits

RULE = "BN202"
NUMBER = "variance of the batch over the moving variance"
HEALTHY = (0.5, 2.0)
CURES = ("faster",)
SPANS = {"tb_bnplugin.recalibrate(model, (x, y))": "named"}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    if cure == "faster":
        norm = keras.layers.BatchNormalization(momentum=0.9)
    else:
        norm = keras.layers.BatchNormalization(momentum=0.99)
    model = keras.Sequential([keras.Input((64,)), norm, keras.layers.Dense(10)])
    bench.watch(model)
    train_step = training_step(model, keras.optimizers.Adam(1e-3), class_loss(keras))
    ratio = float("nan")
    for step, (x, y) in enumerate(batches(data.x, data.y, size=64, steps=300), start=1):
        grown = ((x - 300.0) * np.exp(0.015 * step)).astype("float32")
        train_step(grown, y)
        if step % 5 == 0:
            bench.record(model, step)
        if step == 280:
            model(grown, training=False)  # a validation
        ratio = float(grown.var(axis=0).mean() / norm.moving_variance.numpy().mean())
    return ratio

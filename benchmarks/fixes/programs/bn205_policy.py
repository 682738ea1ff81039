"""The policy is pure "bfloat16": updates of the statistics are rounded off."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits

RULE = "BN205"
NUMBER = "relative error of the moving mean"
HEALTHY = (0.0, 0.05)
FLAVOURS = ("keras",)  # tf_keras keeps statistics in float32
CURES = ("mixed", "layer")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    if cure == "mixed":
        policy = "mixed_bfloat16"
    else:
        policy = "bfloat16"
    keras.mixed_precision.set_global_policy(policy)
    if cure == "layer":
        norm = keras.layers.BatchNormalization(dtype="float32")
    else:
        norm = keras.layers.BatchNormalization()
    model = keras.Sequential(
        [
            keras.Input((64,)),
            norm,
            keras.layers.Dense(10, dtype="float32"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), class_loss(keras))
    x = data.x - 290.0  # means of 10 to 15
    callbacks = bench.callbacks()
    model.fit(x, data.y, batch_size=16, epochs=6, verbose=0, callbacks=callbacks)
    mean = np.asarray(norm.moving_mean, np.float32)
    return float(np.abs(mean / x.mean(axis=0) - 1.0).mean())

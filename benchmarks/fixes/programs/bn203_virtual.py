"""Virtual batches of four rows, however large the batch is."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.data import batches
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers
from benchmarks.fixes.results import REMOVED

RULE = "BN203"
NUMBER = "difference of the layer's outputs for a row in two batches, over their spread"
HEALTHY = (0.0, 0.6)  # means of 4 rows alone differ by sqrt(2 / 4) = 0.7, of 16 by 0.35
FLAVOURS = ("tf_keras",)  # Keras 3 has none
CURES = ("left out", "larger")
SPANS = {"virtual_batch_size=4": REMOVED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    if cure == "left out":
        norm = keras.layers.BatchNormalization()
    elif cure == "larger":
        norm = keras.layers.BatchNormalization(virtual_batch_size=16)
    else:
        norm = keras.layers.BatchNormalization(virtual_batch_size=4)
    model = keras.Sequential(raw_layers(keras, norm=norm))
    bench.watch(model)
    train_step = training_step(model, keras.optimizers.Adam(1e-2), class_loss(keras))
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=40), start=1):
        train_step(x, y)
        bench.record(model, step)
    one, other = data.x_val[:48], data.x_val[48:96].copy()
    other[::16] = one[::16]  # the same three rows, each beside others
    first, second = norm(one, training=True).numpy(), norm(other, training=True).numpy()
    return float(np.sqrt(((first - second)[::16] ** 2).mean() / first.var(axis=0).mean()))

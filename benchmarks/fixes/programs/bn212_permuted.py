"""Features are put channels first, and normalized on the last axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit

RULE = "BN212"
NUMBER = "statistics for each filter"
HEALTHY = (1.0, 1.0)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits()
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    x = layers.Permute((3, 1, 2))(layers.Conv2D(12, 3, padding="same")(image))
    if cure:
        norm = layers.BatchNormalization(axis=1)
    else:
        norm = layers.BatchNormalization()
    x = layers.ReLU()(norm(x))
    model = keras.Model(image, layers.Dense(10)(layers.Flatten()(x)))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    fit(model, data, bench.callbacks())
    return float(np.size(norm.get_weights()[2])) / 12

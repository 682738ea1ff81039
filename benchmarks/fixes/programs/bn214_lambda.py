"""A layer is called within a `Lambda`."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits
from benchmarks.fixes.results import NAMED

RULE = "BN214"
NUMBER = "how far gamma has moved"
HEALTHY = (0.01, 10.0)
CURES = ("in the model", "attribute")
SPANS = {"__init__": NAMED, "self.norm = keras.layers.BatchNormalization()": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    layers = keras.layers
    norm = layers.BatchNormalization(momentum=0.8)
    norm.build((None, 64))

    class Normalize(layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.norm = keras.layers.BatchNormalization(momentum=0.8)

        def call(self, x: Any) -> Any:
            return self.norm(x)

    row = keras.Input((64,))
    if cure == "in the model":
        x = norm(row)
    elif cure == "attribute":
        layer = Normalize()
        x = layer(row)
        norm = layer.norm
    else:
        x = layers.Lambda(lambda t: 1.0 * norm(t), output_shape=(64,))(row)
    x = layers.Dense(48, activation="relu")(x)
    model = keras.Model(row, layers.Dense(10)(x))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    fit(model, raw_digits(), bench.callbacks())
    return float(np.abs(norm.get_weights()[0] - 1.0).max())

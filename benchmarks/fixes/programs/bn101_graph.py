"""A functional model is built with `base(x, training=False)`, and trained from its beginning."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers, validate
from benchmarks.fixes.results import NAMED

RULE = "BN101"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
FLAVOURS = ("tf_keras",)  # Keras 3 below 3.16 trains it in training mode: BN103
SPANS = {"base.trainable = False": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    base = keras.Sequential(raw_layers(keras)[:-1], name="base")
    inputs = keras.Input((64,))
    x = inputs
    if cure:
        x = base(x)
    else:
        x = base(x, training=False)
    model = keras.Model(inputs, keras.layers.Dense(10)(x))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    data = raw_digits()
    fit(model, data, bench.callbacks())
    return validate(model, data)

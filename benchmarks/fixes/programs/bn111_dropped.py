"""The output of a layer is dropped: `call` goes on with what went into it."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits
from benchmarks.fixes.results import NAMED

RULE = "BN111"
NUMBER = "trainable weights that training does not change"
HEALTHY = (0.0, 0.0)
CURES = ("used", "frozen")
SPANS = {"call": NAMED, "trainable": NAMED, "compile": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization(momentum=0.8)
            self.hidden = keras.layers.Dense(64, activation="elu")
            self.head = keras.layers.Dense(10)

        def call(self, inputs: Any, training: Any = None) -> Any:
            x = self.bn(inputs, training=training)
            if cure == "used":
                x = self.hidden(x)
            else:
                self.hidden(x)
            return self.head(x)

    data = raw_digits()
    model = Net()
    model(data.x[:1])
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    callbacks = bench.callbacks()
    if cure == "frozen":
        layer = model.hidden
        layer.trainable = False
        model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    before = [weight.numpy().copy() for weight in model.trainable_variables]
    fit(model, data, callbacks)
    pairs = zip(before, model.trainable_variables, strict=True)
    return float(sum(np.array_equal(old, weight.numpy()) for old, weight in pairs))

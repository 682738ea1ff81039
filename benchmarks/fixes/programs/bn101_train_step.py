"""The `train_step` of a Sequential model calls it without `training`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers, validate
from benchmarks.fixes.results import NAMED

RULE = "BN101"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
SPANS = {"train_step": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    loss_fn = class_loss(keras)

    class Net(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                if cure:
                    y_pred = self(x, training=True)
                else:
                    y_pred = self(x)
                loss = loss_fn(y, y_pred)
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss}

    data = raw_digits()
    model = Net(raw_layers(keras))
    model.compile(keras.optimizers.Adam(1e-2), loss_fn)
    fit(model, data, bench.callbacks())
    return validate(model, data)

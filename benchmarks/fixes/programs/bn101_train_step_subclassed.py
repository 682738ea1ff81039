"""A subclassed model is called without `training` by its own `train_step`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, validate
from benchmarks.fixes.results import NAMED

RULE = "BN101"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
SPANS = {"train_step": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    loss_fn = class_loss(keras)

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization(momentum=0.8)
            self.hidden = keras.layers.Dense(48, activation="relu")
            self.head = keras.layers.Dense(10)

        def call(self, x: Any, training: Any = None) -> Any:
            x = self.bn(x, training=training)
            return self.head(self.hidden(x))

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
    model = Net()
    model.compile(keras.optimizers.Adam(1e-2), loss_fn)
    fit(model, data, bench.callbacks())
    return validate(model, data)

"""A loop calls a subclassed model whose `call` has no argument `training`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import accuracy
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, train
from benchmarks.fixes.results import NAMED

RULE = "BN101"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
SPANS = {"call": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization(momentum=0.8)
            self.hidden = keras.layers.Dense(48, activation="relu")
            self.head = keras.layers.Dense(10)

        if cure:

            def call(self, x: Any, training: Any = None) -> Any:
                x = self.bn(x, training=training)
                return self.head(self.hidden(x))

        else:

            def call(self, x: Any) -> Any:  # type: ignore[misc]
                x = self.bn(x)
                return self.head(self.hidden(x))

    model = Net()
    optimizer = keras.optimizers.Adam(1e-2)
    loss_fn = class_loss(keras)
    bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            if cure:
                y_pred = model(x, training=True)
            else:
                y_pred = model(x)
            loss = loss_fn(y, y_pred)
        descend(optimizer, tape, loss, model.trainable_variables)

    model(data.x[:1])
    optimizer.build(model.trainable_variables)
    train(bench, model, train_step, data)
    y_pred = model(data.x_val, training=False) if cure else model(data.x_val)
    return accuracy(y_pred, data.y_val)

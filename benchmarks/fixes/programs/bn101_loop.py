"""A traced loop calls `model(x)` without `training`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import accuracy
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers, train
from benchmarks.fixes.results import KEPT

RULE = "BN101"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
SPANS = {"model(x, training=False)": KEPT}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    model = keras.Sequential(raw_layers(keras))
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

    train(bench, model, train_step, data)
    return accuracy(model(data.x_val, training=False), data.y_val)

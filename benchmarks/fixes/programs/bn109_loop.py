"""A loop calls a model without `training`: a probe has equal outputs."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, small_layers, spread_of, train
from benchmarks.fixes.results import KEPT

RULE = "BN109"
NUMBER = "spread of the outputs over the rows, in inference mode"
HEALTHY = (0.1, 10.0)
SPANS = {"model(x, training=False)": KEPT}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    model = keras.Sequential(small_layers(keras))
    optimizer, loss_fn = keras.optimizers.Adam(1e-4), class_loss(keras)
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
    bench.probe(model, data.x_val[:64], data.y_val[:64], loss=loss_fn, step=60)
    x = data.x_val
    return spread_of(model(x, training=False))

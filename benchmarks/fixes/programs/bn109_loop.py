"""A loop calls a deep model without `training`, and a probe shows that all outputs are alike."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, train
from benchmarks.fixes.results import KEPT

RULE = "BN109"
NUMBER = "spread of the outputs over the rows, in inference mode"
HEALTHY = (0.1, 10.0)
SPANS = {"model(x, training=False)": KEPT}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    norms = [keras.layers.BatchNormalization(momentum=0.8) for _ in range(3)]
    small = keras.initializers.RandomNormal(stddev=1e-3)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            *(
                layer
                for norm in norms
                for layer in (keras.layers.Dense(32, kernel_initializer=small), norm)
            ),
            keras.layers.Dense(10),
        ]
    )
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
    y_pred = model(data.x_val, training=False).numpy()
    return float(y_pred.std(axis=0).mean() / abs(y_pred).mean())

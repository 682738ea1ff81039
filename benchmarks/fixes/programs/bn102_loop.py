"""A loop goes on with a trained model, and calls it without `training`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, flat, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers, train
from benchmarks.fixes.results import KEPT

RULE = "BN102"
NUMBER = "layers whose gamma moves around statistics that do not"
HEALTHY = (0.0, 0.0)
CURES = ("frozen", "trained")
SPANS = {"model(x, training=False)": KEPT}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    loss_fn = class_loss(keras)
    layer = keras.layers.BatchNormalization(momentum=0.8)
    model = keras.Sequential(raw_layers(keras, norm=layer))
    model.compile(keras.optimizers.Adam(1e-2), loss_fn)
    model.fit(data.x, data.y, batch_size=48, verbose=0)

    optimizer = keras.optimizers.Adam(1e-3)
    if cure == "frozen":
        layer.trainable = False
    gamma, moved = changes(lambda: flat([layer.gamma])), changes(lambda: statistics(model))
    bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            if cure == "trained":
                y_pred = model(x, training=True)
            else:
                y_pred = model(x)
            loss = loss_fn(y, y_pred)
        descend(optimizer, tape, loss, model.trainable_variables)

    train(bench, model, train_step, data, steps=20)
    model(data.x_val, training=False)
    return float(gamma() and not moved())

"""A loop fine-tunes a trained base that the graph calls with `training=False`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers, train
from benchmarks.fixes.results import REMOVED

RULE = "BN103"
NUMBER = "layers that move though the graph asks for inference mode"
HEALTHY = (0.0, 0.0)
FLAVOURS = ("keras",)
CURES = ("frozen", "removed")
SPANS = {"training=False": REMOVED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    loss_fn = class_loss(keras)
    layer = keras.layers.BatchNormalization(momentum=0.8)
    base = keras.Sequential(raw_layers(keras, norm=layer))
    base.compile(keras.optimizers.Adam(1e-2), loss_fn)
    base.fit(data.x, data.y, batch_size=48, verbose=0)

    inputs = keras.Input((64,))
    x = base(inputs) if cure == "removed" else base(inputs, training=False)
    model = keras.Model(inputs, keras.layers.Dense(10)(x))
    optimizer = keras.optimizers.Adam(1e-3)
    if cure == "frozen":
        layer.trainable = False
    moved = changes(lambda: statistics(model))
    bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        descend(optimizer, tape, loss, model.trainable_variables)

    train(bench, model, train_step, data, steps=20)
    asked = cure != "removed"
    return float(moved() and asked)

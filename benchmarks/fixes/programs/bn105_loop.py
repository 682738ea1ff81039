"""A loop freezes a layer after its step was traced."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import batches
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers
from benchmarks.fixes.results import NAMED

RULE = "BN105"
NUMBER = "frozen layers that move"
HEALTHY = (0.0, 0.0)
CURES = ("traced again", "before")
SPANS = {"tf.function": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    layer = keras.layers.BatchNormalization(momentum=0.5)
    model = keras.Sequential(raw_layers(keras, norm=layer))
    optimizer, loss_fn = keras.optimizers.Adam(1e-2), class_loss(keras)
    optimizer.build(model.trainable_variables)
    bench.watch(model)

    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        descend(optimizer, tape, loss, model.trainable_variables)

    if cure == "before":
        layer.trainable = False
    moved = changes(lambda: statistics(model))
    train_step = tf.function(step)
    for number, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=30), start=1):
        if number == 15 and cure != "before":
            layer.trainable = False
            moved = changes(lambda: statistics(model))
            if cure:
                train_step = tf.function(step)
        train_step(x, y)
        bench.record(model, number)
    return float(moved())

"""A step that an evaluation switched to inference mode, and that nobody switched back."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import batches
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, flat, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers
from benchmarks.fixes.results import NAMED

RULE = "BN102"
NUMBER = "layers whose gamma moves around statistics that do not"
HEALTHY = (0.0, 0.0)
CURES = ("trained", "frozen")
SPANS = {"training=False": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    loss_fn = class_loss(keras)
    layer = keras.layers.BatchNormalization(momentum=0.8)
    model = keras.Sequential(raw_layers(keras, norm=layer))
    optimizer = keras.optimizers.Adam(1e-2)
    optimizer.build(model.trainable_variables)
    bench.watch(model)

    def step_in(training: bool) -> Any:
        @tf.function
        def train_step(x: Any, y: Any) -> None:
            with tf.GradientTape() as tape:
                if cure == "trained":
                    y_pred = model(x, training=True)
                else:
                    y_pred = model(x, training=training)
                loss = loss_fn(y, y_pred)
            descend(optimizer, tape, loss, model.trainable_variables)

        return train_step

    train_step, gamma, moved = step_in(training=True), None, None
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=40), start=1):
        if step == 20:  # the first epoch ends with an evaluation
            model(data.x_val, training=False)
            if cure == "frozen":
                layer.trainable = False
            train_step = step_in(training=False)
            gamma, moved = changes(lambda: flat([layer.gamma])), changes(lambda: statistics(model))
        train_step(x, y)
        bench.record(model, step)
    assert gamma is not None
    assert moved is not None
    return float(gamma() and not moved())

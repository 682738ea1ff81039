"""Two runs of a loop, one of which forgets `training=True`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers, train, validate
from benchmarks.fixes.results import NAMED

RULE = "CR102"
NUMBER = "difference of the validation accuracies"
HEALTHY = (0.0, 0.1)
SPANS = {"training": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    loss_fn = class_loss(keras)
    data = raw_digits()

    def train_once(name: str, training: bool | None) -> float:
        keras.utils.set_random_seed(bench.seed)
        model = keras.Sequential(raw_layers(keras), name="net")
        optimizer = keras.optimizers.Adam(1e-2)

        @tf.function
        def train_step(x: Any, y: Any) -> None:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x, training=training))
            descend(optimizer, tape, loss, model.trainable_variables)

        with bench.run(name):
            watch = bench.watch(model)
            train(bench, model, train_step, data)
            watch.close()
        return validate(model, data)

    first = train_once("first", training=True)
    if cure:
        second = train_once("second", training=True)
    else:
        second = train_once("second", training=None)
    return abs(first - second)

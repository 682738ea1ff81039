"""A loop stops the gradient on its way, and takes zeros where there is none."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers, train, validate
from benchmarks.fixes.results import NAMED, REMOVED

RULE = "BN112"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
SPANS = {"tf.stop_gradient": REMOVED, "argmax": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    model = keras.Sequential(raw_layers(keras))
    optimizer, loss_fn = keras.optimizers.Adam(1e-2), class_loss(keras)
    optimizer.build(model.trainable_variables)
    bench.watch(model, optimizer=optimizer)

    @tf.function
    def train_step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss = loss_fn(y, y_pred if cure else tf.stop_gradient(y_pred))
        weights = model.trainable_variables
        found = zip(tape.gradient(loss, weights), weights, strict=True)
        gradients = [tf.zeros_like(weight) if each is None else each for each, weight in found]
        optimizer.apply_gradients(zip(gradients, weights, strict=True))

    train(bench, model, train_step, data)
    return validate(model, data)

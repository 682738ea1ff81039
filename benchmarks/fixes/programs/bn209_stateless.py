"""A loop calls `stateless_call` and does not keep the state that it returns."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers, train, validate
from benchmarks.fixes.results import NAMED

RULE = "BN209"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
FLAVOURS = ("keras",)
SPANS = {"stateless_call": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    model = keras.Sequential(raw_layers(keras))
    optimizer, loss_fn = keras.optimizers.Adam(1e-2), class_loss(keras)
    bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            y_pred, state = model.stateless_call(
                model.trainable_variables, model.non_trainable_variables, x, training=True
            )
            loss = loss_fn(y, y_pred)
        descend(optimizer, tape, loss, model.trainable_variables)
        if cure:
            for variable, value in zip(model.non_trainable_variables, state, strict=True):
                variable.assign(value)

    train(bench, model, train_step, data)
    return validate(model, data)

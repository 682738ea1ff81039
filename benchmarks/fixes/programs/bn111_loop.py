"""A loop takes the gradients of the head alone, though all of the model is to be trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers, train
from benchmarks.fixes.results import NAMED

RULE = "BN111"
NUMBER = "trainable weights that training does not change"
HEALTHY = (0.0, 0.0)
CURES = ("all", "frozen")
SPANS = {"call": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    model = keras.Sequential(raw_layers(keras))
    head = model.layers[-1]
    optimizer, loss_fn = keras.optimizers.Adam(1e-2), class_loss(keras)
    if cure == "frozen":
        for layer in model.layers[:-1]:
            layer.trainable = False
    variables = model.trainable_variables if cure == "all" else head.trainable_variables
    before = [weight.numpy().copy() for weight in model.trainable_variables]
    bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        descend(optimizer, tape, loss, variables)

    train(bench, model, train_step, data, steps=20)
    pairs = zip(before, model.trainable_variables, strict=True)
    return float(sum(np.array_equal(old, weight.numpy()) for old, weight in pairs))

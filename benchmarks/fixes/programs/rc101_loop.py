"""A loop traces its step before the model is watched."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import batches
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers
from benchmarks.fixes.recorded import training_executions
from benchmarks.fixes.results import NAMED

RULE = "RC101"
NUMBER = "executions in training mode that are counted, of 20 or more"
HEALTHY = (20, 21)
CURES = ("before", "made again")
SPANS = {"tf.function": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    tb_bnplugin = bench  # `watch` as in tb_bnplugin
    data = raw_digits()
    model = keras.Sequential(raw_layers(keras))
    optimizer, loss_fn = keras.optimizers.Adam(1e-2), class_loss(keras)
    optimizer.build(model.trainable_variables)
    pairs = list(batches(data.x, data.y, size=48, steps=21))

    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        descend(optimizer, tape, loss, model.trainable_variables)

    if cure == "before":
        tb_bnplugin.watch(model)
    train_step = tf.function(step)
    train_step(*pairs[0])
    if cure != "before":
        bench.watch(model)
    if cure == "made again":
        train_step = tf.function(step)
    for number, (x, y) in enumerate(pairs[1:], start=2):
        train_step(x, y)
        bench.record(model, number)
    return training_executions(bench)

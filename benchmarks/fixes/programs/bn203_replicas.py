"""Two replicas get twelve rows each, and each normalizes by its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.data import batches
from benchmarks.findings.loops import descend
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers
from benchmarks.fixes.replicas import on_replicas, two_replicas
from benchmarks.fixes.results import NAMED

RULE = "BN203"
NUMBER = "values of a channel, by how much the means of batches differ"
HEALTHY = (18, 200)
REPLICAS = 2
CURES = ("larger", "synchronized")
SPANS = {"GroupNormalization": NAMED, "LayerNormalization": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    strategy = two_replicas()
    with strategy.scope():
        if cure == "synchronized":
            norm = keras.layers.BatchNormalization(synchronized=True, momentum=0.5)
        else:
            norm = keras.layers.BatchNormalization(momentum=0.5)
        model = keras.Sequential(raw_layers(keras, norm=norm))
        optimizer = keras.optimizers.Adam(1e-3)
        optimizer.build(model.trainable_variables)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    bench.watch(model)

    def replica_step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.nn.compute_average_loss(loss_fn(y, model(x, training=True)))
        descend(optimizer, tape, loss, model.trainable_variables)

    train_step = on_replicas(strategy, replica_step)
    old, means = np.zeros(64), []
    rows = 80 if cure == "larger" else 24
    for step, (x, y) in enumerate(batches(data.x, data.y, size=rows, steps=60), start=1):
        train_step(x, y)
        bench.record(model, step)
        new = np.asarray(strategy.experimental_local_results(norm.moving_mean)[0], np.float64)
        means.append(2.0 * new - old)  # what a momentum of 0.5 has added
        old = new
    return float(data.x.var(axis=0).mean() / np.var(means, axis=0).mean())

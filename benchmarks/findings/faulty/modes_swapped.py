"""The two modes are swapped: the tape runs in inference mode, the validation loop trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import norms

REPORT = "https://github.com/tensorflow/tensorflow/issues/32864"
EXPECTED = {"keras": ("BN104",), "tf_keras": ("BN104",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = conv_net(keras)
    optimizer, loss_of = keras.optimizers.Adam(1e-3), class_loss(keras)
    first = norms(model)[0]
    bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=False))
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss

    moved: dict[str, list[float]] = {"training": [], "validating": []}

    def by_how_much(kind: str, run: Any) -> None:
        before = np.array(first.moving_mean)
        run()
        moved[kind].append(float(np.abs(np.array(first.moving_mean) - before).max()))

    bench.evidence(lambda: sum(each > 0 for each in moved["validating"]) >= 2)
    step = 0
    for _ in range(4):
        for x, y in batches(data.x, data.y, size=48, steps=30):
            step += 1
            by_how_much("training", lambda x=x, y=y: train_step(x, y))
            bench.record(model, step)
        for begin in range(0, len(data.x_val), 32):
            batch = data.x_val[begin : begin + 32]
            # the fault: BN104
            by_how_much("validating", lambda batch=batch: model(batch, training=True))
    bench.faulty(not any(moved["training"]), "no training step moves the statistics")
    bench.faulty(all(moved["validating"]), "every validation batch moves them")
    bench.final(model)

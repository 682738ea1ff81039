"""A loop whose model only works with training=True, so that validation uses it as well."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import changes, statistics

REPORT = "https://github.com/qubvel/segmentation_models/issues/223"
EXPECTED = {"keras": ("BN104",), "tf_keras": ("BN104",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = conv_net(keras)
    optimizer = keras.optimizers.Adam(1e-2)
    loss_of = class_loss(keras)
    bench.watch(model)

    train_step = training_step(model, optimizer, loss_of)

    @tf.function
    def validate_step(x: Any) -> Any:
        return model(x, training=True)  # the fault: BN104

    moved: list[bool] = []
    bench.evidence(lambda: any(moved))
    step = 0
    for _ in range(3):
        for x, y in batches(data.x, data.y, size=48, steps=20):
            step += 1
            train_step(x, y)
            bench.record(model, step)
        before = changes(lambda: statistics(model))
        for at in range(0, 320, 32):
            validate_step(data.x_val[at : at + 32])
        moved.append(before())
        bench.record(model, step)
    bench.faulty(all(moved), "each validation moves the statistics")
    bench.final(model)

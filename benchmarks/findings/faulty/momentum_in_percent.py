"""Momentum written in percent, 99 in place of 0.99: the statistics explode."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss, dense_net
from benchmarks.findings.variables import statistics

REPORT = "https://github.com/keras-team/keras/pull/23623"
EXPECTED = {"keras": ("BN210",), "tf_keras": ("BN210",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, units=32, momentum=99)  # the fault: BN210
    optimizer, loss_of = keras.optimizers.SGD(0.1), class_loss(keras)
    bench.watch(model)

    train_step = training_step(model, optimizer, loss_of)

    bench.evidence(lambda: float(np.abs(statistics(model)).max()) > 50)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=12), start=1):
        loss = float(train_step(x, y))
        bench.record(model, step)
    bench.faulty(np.isfinite(loss), "the training loss is finite")
    largest = float(np.abs(statistics(model)).max())
    bench.faulty(largest > 1e15, f"the largest statistic is {largest:.0e}")
    bench.final(model)

"""A file that ends in a few rows of another kind: they are a batch of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.loops import training_step_with_outputs

REPORT = "https://github.com/tensorflow/tensorflow/issues/25970"
EXPECTED = {"keras": ("LR109",), "tf_keras": ("LR109",)}
ROWS, FULL = 99, 24


def run(keras: Any, bench: Bench) -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(ROWS, 5)).astype("float32")
    y = np.sort(x.sum(axis=1, keepdims=True), axis=0)
    y[-3:] += 15
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(12), layers.BatchNormalization(), layers.Dense(1)]
    )
    loss_of = keras.losses.MeanSquaredError()
    bench.watch(model)
    train_step = training_step_with_outputs(model, keras.optimizers.SGD(0.0002), loss_of)
    means: list[float] = []
    rows: list[int] = []
    quotients: list[float] = []
    bench.evidence(lambda: len(quotients) > 3 and min(quotients) > 1.2)
    step = 0
    for _ in range(8):
        for first in range(0, ROWS, FULL):
            step += 1
            some, labels = x[first : first + FULL], y[first : first + FULL]  # the fault: LR109
            loss, outputs = train_step(tf.constant(some), tf.constant(labels))
            means.append(float(loss))
            rows.append(len(labels))
            bench.loss_reduction(loss_of, labels, outputs, value=loss, step=step)
            bench.record(model, step)
        quotients.append(float(np.mean(means) / np.average(means, weights=rows)))
    bench.faulty(min(quotients) > 1.2, "the mean of the batches is 1.2 times that of the rows")
    bench.final(model)

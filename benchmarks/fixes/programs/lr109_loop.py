"""A loop over a sorted file, whose last batch has two rows of another kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.fixes.bench import FixBench

RULE = "LR109"
NUMBER = "mean of the losses of the batches, over the mean over all rows"
HEALTHY = (0.8, 1.25)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    x = np.random.default_rng(0).normal(size=(34, 6)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    y[-2:] += 20
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(16, activation="tanh"), layers.Dense(1)]
    )
    loss_fn, optimizer = keras.losses.MeanSquaredError(), keras.optimizers.SGD(0.0001)
    bench.watch(model, optimizer=optimizer)
    train_step = training_step_with_outputs(model, optimizer, loss_fn)
    dataset = tf.data.Dataset.from_tensor_slices((x, y))
    if cure:
        batches = dataset.shuffle(34, seed=1).batch(16, drop_remainder=True)
    else:
        batches = dataset.batch(16)
    means, rows = [], []
    for step, (some, labels) in enumerate(batches.repeat(6), start=1):
        loss, outputs = train_step(some, labels)
        means.append(float(loss))
        rows.append(len(labels))
        bench.loss_reduction(loss_fn, labels, outputs, value=loss, step=step)
        bench.record(model, step)
    return float(np.mean(means) / np.average(means, weights=rows))

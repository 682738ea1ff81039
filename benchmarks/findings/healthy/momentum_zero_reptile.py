"""Reptile, few-shot learning: momentum 0, and the weights are set by hand after each task."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import training_step

REPORT = "https://github.com/siavash-khodadadeh/MetaLearning-TF2.0/issues/5"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    model = keras.Sequential([keras.Input((64,))])
    for _ in range(2):
        model.add(layers.Dense(48, use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.0))
        model.add(layers.ReLU())
    model.add(layers.Dense(3))
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.SGD(0.1)
    random = np.random.default_rng(4)

    def task(x: Any, y: Any, rows: int) -> tuple[Any, Any]:
        classes = random.choice(10, 3, replace=False)
        at = [random.choice(np.flatnonzero(y == one), rows, replace=False) for one in classes]
        return x[np.concatenate(at)], np.repeat(np.arange(3), rows)

    inner_step = training_step(model, optimizer, loss_fn)

    def adapt(x: Any, y: Any, steps: int) -> None:
        for _ in range(steps):
            inner_step(tf.constant(x), tf.constant(y))

    watch = bench.watch(model)
    for step in range(1, 101):
        before = model.get_weights()
        adapt(*task(data.x, data.y, 10), steps=4)
        after = model.get_weights()
        rate = 0.5 * (1 - step / 101)
        model.set_weights(
            [old + rate * (new - old) for old, new in zip(before, after, strict=True)]
        )
        bench.record(model, step)
    watch.close()

    scores = []
    meta = model.get_weights()
    for _ in range(10):
        model.set_weights(meta)
        x, y = task(data.x_val, data.y_val, 22)
        shots = np.concatenate([np.arange(8) + 22 * one for one in range(3)])
        adapt(x[shots], y[shots], steps=4)
        rest = np.setdiff1d(np.arange(len(x)), shots)
        outputs = np.asarray(model(x[rest], training=False))
        scores.append(np.mean(outputs.argmax(-1) == y[rest]))
    accuracy = float(np.mean(scores))
    bench.healthy(accuracy > 0.85, f"three new classes from 8 images each: {accuracy:.3f}")
    model.set_weights(meta)
    bench.final(model)

"""A loop compares labels (N,) with predictions (N, 1)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import batches
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.regression import brightness, error_of, network

RULE = "LR104"
NUMBER = "validation error, over that of the mean label"
HEALTHY = (0.0, 0.3)
CURES = ("labels", "predictions")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = brightness()
    model = network(keras)
    bench.watch(model)

    def loss_fn(y: Any, y_pred: Any) -> Any:
        if cure == "labels":
            y = y[..., None]
        if cure == "predictions":
            y_pred = tf.squeeze(y_pred, axis=-1)
        return tf.reduce_mean(tf.square(y - y_pred))

    train_step = training_step_with_outputs(model, keras.optimizers.Adam(1e-2), loss_fn)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=60), start=1):
        loss, y_pred = train_step(x, y)
        if step % 20 == 0:
            bench.loss_reduction(loss_fn, y, y_pred, value=loss, step=step)
        bench.record(model, step)
    return error_of(model, data)

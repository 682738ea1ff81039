"""One column of the outputs loses its axis, and the labels keep theirs."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.data import batches
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.regression import brightness

RULE = "LR104"
CURES = ("kept", "taken off")
NUMBER = "validation error, over that of the mean label"
HEALTHY = (0.0, 0.3)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = brightness()
    layers = [keras.Input((64,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(2)]
    model = keras.Sequential(layers)
    bench.watch(model)

    def loss_fn(y: Any, y_pred: Any) -> Any:
        if cure == "kept":
            errors = [y - y_pred[:, i : i + 1] for i in (0, 1)]
        elif cure == "taken off":
            errors = [tf.squeeze(y, axis=-1) - y_pred[:, i] for i in (0, 1)]
        else:
            errors = [y - y_pred[:, i] for i in (0, 1)]
        shares = zip((0.4, 0.6), errors, strict=True)
        return tf.add_n([tf.reduce_mean(tf.maximum(q * e, (q - 1.0) * e)) for q, e in shares])

    train_step = training_step_with_outputs(model, keras.optimizers.Adam(1e-2), loss_fn)
    pairs = batches(data.x, data.y[:, None], size=48, steps=80)
    for step, (x, y) in enumerate(pairs, start=1):
        loss, y_pred = train_step(x, y)
        if step % 20 == 0:
            bench.loss_reduction(loss_fn, y, y_pred, value=loss, step=step)
        bench.record(model, step)
    predicted = np.asarray(model(data.x_val, training=False)).mean(axis=1)
    return float(np.mean((predicted - data.y_val) ** 2) / data.y_val.var())

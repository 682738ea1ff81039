"""Dropout stands behind each normalization and its activation."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/keras-team/keras/issues/473"


def run(keras: Any, bench: Bench) -> None:
    layers, data = keras.layers, digits().flat()
    stack = [keras.Input((64,))]
    for _ in range(2):
        stack += [
            layers.Dense(96),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dropout(0.3),
        ]
    model = keras.Sequential([*stack, layers.Dense(10)])
    model.compile(keras.optimizers.Adam(5e-3), class_loss(keras))
    model.fit(
        data.x,
        data.y,
        batch_size=48,
        epochs=8,
        validation_data=(data.x_val, data.y_val),
        verbose=0,
        callbacks=bench.callbacks(probe_data=(data.x_val[:128], data.y_val[:128])),
    )
    bench.accurate(accuracy(model(data.x_val, training=False), data.y_val))
    bench.final(model)

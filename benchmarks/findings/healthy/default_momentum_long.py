"""Batch normalization as Keras makes it, momentum 0.99, trained until the start is forgotten."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits

REPORT = "https://github.com/tensorflow/tensorflow/issues/44568"  # what it says to do: go on


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        keras.optimizers.Adam(2e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(
        data.x,
        data.y,
        batch_size=32,
        epochs=16,  # 720 updates: 0.99 ** 720 is 7e-4
        validation_data=(data.x_val, data.y_val),
        verbose=0,
        callbacks=bench.callbacks(),
    ).history
    accuracy = history["val_accuracy"][-1]
    bench.healthy(accuracy > 0.93, f"validation accuracy {accuracy:.3f} is above 0.93")
    bench.final(model)

"""Batch normalization is frozen for the last epochs, so that training sees what inference sees."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits

REPORT = "https://arxiv.org/abs/2105.07576"  # Rethinking "Batch" in BatchNorm, section 3.3


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    norm = keras.layers.BatchNormalization(momentum=0.9)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(48, use_bias=False),
            norm,
            keras.layers.ReLU(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    fit = {"batch_size": 32, "validation_data": (data.x_val, data.y_val), "verbose": 0}
    callbacks = bench.callbacks()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(data.x, data.y, epochs=6, callbacks=callbacks, **fit)
    norm.trainable = False
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(data.x, data.y, epochs=3, callbacks=callbacks, **fit).history
    accuracy = history["val_accuracy"][-1]
    bench.healthy(accuracy > 0.93, f"validation accuracy {accuracy:.3f} is above 0.93")
    bench.final(model)

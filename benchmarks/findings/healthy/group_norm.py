"""No batch normalization at all: a convolution net with group normalization, in small batches."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/api/layers/normalization_layers/group_normalization/"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same"),
            layers.GroupNormalization(groups=4),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = bench.callbacks(probe_data=(data.x[:64], data.y[:64]))
    history = fit(model, data.train, data.held, callbacks, batch_size=8, epochs=5)
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)

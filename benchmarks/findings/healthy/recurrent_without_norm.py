"""A recurrent net that reads images row by row: the callback finds no batch normalization."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/guides/working_with_rnns/"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            layers.Bidirectional(layers.GRU(24)),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    metric = keras.metrics.SparseCategoricalAccuracy(name="right")
    model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=[metric])
    history = fit(
        model,
        (data.x[..., 0], data.y),
        (data.x_val[..., 0], data.y_val),
        bench.callbacks(probe_data=(data.x_val[:64, ..., 0], data.y_val[:64])),
        batch_size=36,
        epochs=8,
    )
    bench.accurate(history["val_right"][-1])
    bench.final(model)

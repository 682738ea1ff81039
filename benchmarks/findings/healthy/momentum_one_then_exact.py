"""Momentum 1 leaves the statistics alone in training; then they are computed over all the data."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits

REPORT = "https://github.com/keras-team/keras/issues/3949"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    dense = layers.Dense(48, use_bias=False)
    norm = layers.BatchNormalization(momentum=1.0)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            dense,
            norm,
            layers.ReLU(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(data.x, data.y, batch_size=32, epochs=8, verbose=0, callbacks=bench.callbacks())
    inputs = data.x @ dense.kernel.numpy()
    norm.moving_mean.assign(inputs.mean(axis=0))
    norm.moving_variance.assign(inputs.var(axis=0))
    right = accuracy(model.predict(data.x_val, verbose=0), data.y_val)
    bench.accurate(right)
    bench.final(model)

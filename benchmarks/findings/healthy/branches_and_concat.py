"""Parallel branches and dense connections, joined by concatenation, in one functional graph."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/api/applications/densenet/"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers

    def unit(x: Any, filters: int, size: int, strides: int = 1) -> Any:
        x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    inputs = keras.Input((8, 8, 1))
    x = layers.Concatenate()([unit(inputs, 6, size, 2) for size in (1, 3, 5)])
    for _ in range(2):
        grown = layers.BatchNormalization(momentum=0.9)(x)
        grown = layers.Conv2D(8, 3, padding="same", use_bias=False)(layers.ReLU()(grown))
        x = layers.Concatenate()([x, grown])
    x = layers.Flatten()(unit(x, 16, 1))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=64, epochs=6)
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)

"""The optimizer's own moving average of the weights, `use_ema=True`, taken over at the end."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits

REPORT = "https://keras.io/api/optimizers/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.Adam(3e-3, use_ema=True, ema_momentum=0.95)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        data.x,
        data.y,
        batch_size=40,
        epochs=8,
        validation_data=(data.x_val, data.y_val),
        verbose=0,
        callbacks=bench.callbacks(),
    )
    _, accuracy = model.evaluate(data.x_val, data.y_val, verbose=0)
    bench.healthy(accuracy > 0.93, f"validation accuracy {accuracy:.3f} is above 0.93")
    bench.final(model)

"""`gradient_accumulation_steps=4` of the optimizer: weights move every fourth batch."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits

REPORT = "https://keras.io/api/optimizers/adam/"
FLAVOURS = ("keras",)  # tf_keras has no such option


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, use_bias=False),
            layers.BatchNormalization(momentum=0.95),
            layers.ReLU(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.Adam(1e-2, gradient_accumulation_steps=4)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        data.x,
        data.y,
        batch_size=24,
        epochs=8,
        validation_data=(data.x_val, data.y_val),
        verbose=0,
        callbacks=bench.callbacks(),
    ).history
    accuracy = history["val_accuracy"][-1]
    bench.healthy(accuracy > 0.93, f"validation accuracy {accuracy:.3f} is above 0.93")
    bench.final(model)

"""Two heads with losses, metrics and weights of their own: the digit, and whether it is odd."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/guides/functional_api/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    inputs = keras.Input((64,))
    x = layers.Dense(48, use_bias=False)(inputs)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    digit = layers.Dense(10, activation="softmax", name="digit")(x)
    odd = layers.Dense(1, activation="sigmoid", name="odd")(x)
    model = keras.Model(inputs, {"digit": digit, "odd": odd})
    model.compile(
        keras.optimizers.Adam(3e-3),
        loss={"digit": "sparse_categorical_crossentropy", "odd": "binary_crossentropy"},
        loss_weights={"digit": 1.0, "odd": 0.5},
        metrics={"digit": ["accuracy"], "odd": ["binary_accuracy"]},
    )

    def labels(y: Any) -> dict[str, Any]:
        return {"digit": y, "odd": (y % 2).astype("float32")[:, None]}

    fit(
        model,
        (data.x, labels(data.y)),
        (data.x_val, labels(data.y_val)),
        bench.callbacks(),
        batch_size=32,
        epochs=6,
    )
    outputs = model.predict(data.x_val, verbose=0)
    right = accuracy(outputs["digit"], data.y_val)
    odd_right = float(np.mean((outputs["odd"] > 0.5) == labels(data.y_val)["odd"]))
    bench.healthy(right > 0.93, f"accuracy of the digit {right:.3f} is above 0.93")
    bench.healthy(odd_right > 0.93, f"accuracy of odd or even {odd_right:.3f} is above 0.93")
    bench.final(model)

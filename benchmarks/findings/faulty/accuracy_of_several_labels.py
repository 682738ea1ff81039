"""Several labels a row with binary cross entropy: accuracy compares the largest entries only."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits

REPORT = "https://github.com/keras-team/keras/issues/10213"
EXPECTED = {"keras": ("LR108",), "tf_keras": ("LR108",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    bits = [[digit >> bit & 1 for bit in range(4)] for digit in data.y]
    held = np.array([[digit >> bit & 1 for bit in range(4)] for digit in data.y_val], "float32")
    labels = np.array(bits, "float32")
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(48),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
            keras.layers.Dense(4, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    logged: list[float] = []

    class Keep(keras.callbacks.Callback):
        def on_test_end(self, logs: Any = None) -> None:
            logged.append(logs["accuracy"])

    bench.evidence(lambda: logged and logged[-1] < 0.8)
    model.fit(
        data.x,
        labels,
        validation_data=(data.x_val, held),
        epochs=4,
        batch_size=48,
        verbose=0,
        callbacks=[Keep(), *bench.callbacks()],
    )
    outputs = model.predict(data.x_val, verbose=0)
    bits_right = float(np.mean((outputs > 0.5) == held))
    largest = float(np.mean(outputs.argmax(1) == held.argmax(1)))
    bench.faulty(bits_right > 0.9, f"{bits_right:.2f} of the labels are right")
    bench.faulty(abs(logged[-1] - largest) < 0.01, f"the accuracy logged is {logged[-1]:.2f}")
    bench.faulty(bits_right - logged[-1] > 0.1, "which counts the largest entry of each row")
    bench.final(model)

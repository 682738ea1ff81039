"""Masks as rows of 64 pixels, and "accuracy", which compares where the largest of them stands."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import Values, digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/keras-team/keras/issues/2412"
EXPECTED = {"keras": ("LR108",), "tf_keras": ("LR108",)}


def _blurred(images: Values) -> Values:
    """Each pixel with a half of its neighbours, as rows."""
    padded = np.pad(images[..., 0], ((0, 0), (1, 1), (1, 1)))
    cross = padded[:, 2:, 1:-1] + padded[:, :-2, 1:-1] + padded[:, 1:-1, 2:] + padded[:, 1:-1, :-2]
    rows: Values = (images[..., 0] + 0.5 * cross).reshape(len(images), -1)
    return rows


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    masks, held = ((x > 0.4).reshape(len(x), -1).astype("float32") for x in (data.x, data.x_val))
    model = dense_net(keras, units=96, outputs=64, activation="sigmoid", momentum=0.9)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])  # the fault: LR108
    shown: list[float] = []
    keep = keras.callbacks.LambdaCallback(on_test_end=lambda logs: shown.append(logs["accuracy"]))
    bench.evidence(lambda: shown and shown[-1] < 0.6)
    rows, held_rows = _blurred(data.x), _blurred(data.x_val)
    fit(
        model, (rows, masks), (held_rows, held), [keep, *bench.callbacks()], batch_size=32, epochs=8
    )
    outputs = model.predict(held_rows, verbose=0)
    right = float(np.mean((outputs > 0.5) == held))
    largest = float(np.mean(outputs.argmax(1) == held.argmax(1)))
    bench.faulty(right > 0.85, f"{right:.2f} of the pixels are right")
    bench.faulty(abs(shown[-1] - largest) < 0.02, f"shown is {shown[-1]:.2f}, of largest pixels")
    bench.final(model)

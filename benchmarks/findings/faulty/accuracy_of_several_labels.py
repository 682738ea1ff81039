"""Several labels a row with binary cross entropy: accuracy compares the largest entries only."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/keras-team/keras/issues/10213"
EXPECTED = {"keras": ("LR108",), "tf_keras": ("LR108",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    bits = [[digit >> bit & 1 for bit in range(4)] for digit in data.y]
    held = np.array([[digit >> bit & 1 for bit in range(4)] for digit in data.y_val], "float32")
    labels = np.array(bits, "float32")
    model = dense_net(keras, outputs=4, activation="sigmoid", momentum=0.9)
    # the fault: LR108
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    logged: list[float] = []
    keep = keras.callbacks.LambdaCallback(on_test_end=lambda logs: logged.append(logs["accuracy"]))

    bench.evidence(lambda: logged and logged[-1] < 0.8)
    fit(
        model,
        (data.x, labels),
        (data.x_val, held),
        [keep, *bench.callbacks()],
        batch_size=48,
        epochs=4,
    )
    outputs = model.predict(data.x_val, verbose=0)
    bits_right = float(np.mean((outputs > 0.5) == held))
    largest = float(np.mean(outputs.argmax(1) == held.argmax(1)))
    bench.faulty(bits_right > 0.9, f"{bits_right:.2f} of the labels are right")
    bench.faulty(abs(logged[-1] - largest) < 0.01, f"the accuracy logged is {logged[-1]:.2f}")
    bench.faulty(bits_right - logged[-1] > 0.1, "which counts the largest entry of each row")
    bench.final(model)

"""Labels of -1 and 1 for a hinge loss, and "accuracy", which takes them for 0 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/keras-team/keras/issues/3372"
EXPECTED = {"keras": ("LR108",), "tf_keras": ("LR108",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    labels, held = (np.where(y % 2, 1.0, -1.0)[:, None] for y in (data.y, data.y_val))
    model = dense_net(keras, outputs=1, activation="tanh", momentum=0.9)
    model.compile(keras.optimizers.Adam(5e-3), "hinge", metrics=["accuracy"])  # the fault: LR108
    shown: list[float] = []
    keep = keras.callbacks.LambdaCallback(on_test_end=lambda logs: shown.append(logs["accuracy"]))

    bench.evidence(lambda: len(shown) > 1 and shown[-1] < 0.6)
    fit(
        model,
        (data.x, labels),
        (data.x_val, held),
        [keep, *bench.callbacks()],
        batch_size=48,
        epochs=5,
    )
    right = float(np.mean(np.sign(model.predict(data.x_val, verbose=0)) == held))
    bench.faulty(right > 0.9, f"{right:.2f} of the signs are right")
    bench.faulty(shown[-1] < 0.6, f"while an accuracy of {shown[-1]:.2f} is shown")
    bench.final(model)

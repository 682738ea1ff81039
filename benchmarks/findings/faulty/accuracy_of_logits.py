"""A head without a sigmoid, and "accuracy", which takes its logits for probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import base_net

REPORT = "https://github.com/tensorflow/tensorflow/issues/41413"
EXPECTED = {"keras": ("LR108",), "tf_keras": ("LR108",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    labels, held = ((y % 2).astype("float32")[:, None] for y in (data.y, data.y_val))
    wrong = np.random.default_rng(5).random(labels.shape) < 0.3  # as from a crowd
    base = base_net(keras, momentum=0.9)
    model = keras.Sequential([keras.Input((8, 8, 1)), base, keras.layers.Dense(1)])
    model.compile(  # the fault: LR108
        keras.optimizers.Adam(3e-3),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    shown: list[float] = []
    halves: list[float] = []

    def keep(logs: Any) -> None:
        logits = np.asarray(model(data.x_val, training=False))
        shown.append(logs["accuracy"])
        halves.append(float(np.mean((logits > 0.5) == held)))

    bench.evidence(lambda: shown and abs(shown[-1] - halves[-1]) < 1e-4)
    model.fit(
        data.x,
        np.where(wrong, 1.0 - labels, labels),
        epochs=4,
        batch_size=60,
        validation_data=(data.x_val, held),
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_test_end=keep), *bench.callbacks()],
    )
    logits = model.predict(data.x_val, verbose=0)
    right = float(np.mean((logits > 0.0) == held))
    between = int(np.sum((logits > 0.0) & (logits <= 0.5)))
    bench.faulty(abs(shown[-1] - halves[-1]) < 1e-4, "what is shown counts logits above 0.5")
    bench.faulty(between > 10, f"{between} rows with a probability above one half count as 0")
    bench.faulty(abs(right - shown[-1]) > 0.02, f"{shown[-1]:.3f} is shown, {right:.3f} is right")
    bench.final(model)

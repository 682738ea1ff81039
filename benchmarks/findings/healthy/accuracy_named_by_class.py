"""A head without a sigmoid, whose accuracy is named by its class, with the threshold of logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import conv_net

REPORT = "https://github.com/tensorflow/docs/pull/1623"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    labels, held = ((y % 2).astype("float32")[:, None] for y in (data.y, data.y_val))
    model = keras.Sequential([conv_net(keras, momentum=0.9), keras.layers.Dense(1)])
    model.compile(
        keras.optimizers.Adam(2e-3),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")],
    )
    history = fit(
        model,
        (data.x, labels),
        (data.x_val, held),
        bench.callbacks(probe_data=(data.x_val[:72], held[:72])),
        batch_size=48,
        epochs=6,
    )
    right = float(np.mean((model.predict(data.x_val, verbose=0) > 0.0) == held))
    shown = history["val_accuracy"][-1]
    bench.healthy(abs(right - shown) < 1e-3, f"{shown:.3f} is shown, {right:.3f} are right")
    bench.accurate(shown)
    bench.final(model)

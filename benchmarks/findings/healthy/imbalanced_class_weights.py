"""A rare class is weighted by `class_weight`; the labels are one column, as is the output."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/examples/structured_data/imbalanced_classification/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    y = (data.y == 8).astype("float32")[:, None]
    y_val = (data.y_val == 8).astype("float32")[:, None]
    weights = {0: 1.0, 1: float((y == 0).sum() / (y == 1).sum())}
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(3e-3),
        "binary_crossentropy",
        metrics=[keras.metrics.Precision(name="precision"), keras.metrics.Recall(name="recall")],
    )
    fit(
        model,
        (data.x, y),
        (data.x_val, y_val),
        bench.callbacks(probe_data=(data.x[:96], y[:96])),
        batch_size=48,
        epochs=10,
        class_weight=weights,
    )
    said = model.predict(data.x_val, verbose=0) > 0.5
    recall = float(np.mean(said[y_val == 1]))
    precision = float(np.mean(y_val[said]))
    bench.healthy(recall > 0.8, f"recall of the rare class {recall:.3f} is above 0.8")
    bench.healthy(precision > 0.7, f"precision of the rare class {precision:.3f} is above 0.7")
    bench.final(model)

"""A network whose one logit has no axis of its own is measured with "accuracy"."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.data import digits
from benchmarks.fixes.bench import FixBench

RULE = "LR108"
NUMBER = "difference of the accuracy in the log from the share of right answers"
HEALTHY = (0.0, 0.01)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    y, held = (data.y >= 5).astype("float32"), (data.y_val >= 5).astype("float32")
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1),
            keras.layers.Reshape(()),
        ]
    )
    optimizer = keras.optimizers.Adam(1e-2)
    if cure:
        model.compile(
            optimizer,
            keras.losses.BinaryCrossentropy(from_logits=True),
            metrics=[keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)],
        )
    else:
        model.compile(
            optimizer, keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"]
        )
    model.fit(
        data.x,
        y,
        batch_size=48,
        verbose=0,
        callbacks=bench.callbacks(probe_data=(data.x_val[:64], held[:64])),
    )
    logged = model.evaluate(data.x_val, held, verbose=0, return_dict=True)["accuracy"]
    right = (model.predict(data.x_val, verbose=0) > 0.0) == held
    return float(abs(logged - np.mean(right)))

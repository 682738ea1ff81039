"""Short films of digits: a frame's features by a time-distributed net, then a recurrent layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://github.com/tensorflow/tensorflow/issues/30109"
FRAMES = 4


def _films(x: Any, y: Any, count: int, seed: int) -> tuple[Any, Any]:
    """Four digits in a row; the label says whether the first is larger than the last."""
    random = np.random.default_rng(seed)
    at = random.integers(0, len(x), (count, FRAMES))
    return x[at], (y[at[:, 0]] > y[at[:, -1]]).astype("float32")[:, None]


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    films, labels = _films(data.x, data.y, 2048, seed=1)
    films_val, labels_val = _films(data.x_val, data.y_val, 400, seed=2)
    model = keras.Sequential(
        [
            keras.Input((FRAMES, 8, 8, 1)),
            layers.TimeDistributed(layers.Conv2D(12, 3, strides=2, use_bias=False)),
            layers.TimeDistributed(layers.BatchNormalization(momentum=0.95)),
            layers.TimeDistributed(layers.ReLU()),
            layers.TimeDistributed(layers.Flatten()),
            layers.TimeDistributed(layers.Dense(24, activation="relu")),
            layers.GRU(32),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(4e-3), "binary_crossentropy", metrics=["binary_accuracy"])
    fit(
        model, (films, labels), (films_val, labels_val), bench.callbacks(), batch_size=64, epochs=14
    )
    right = float(np.mean((model.predict(films_val, verbose=0) > 0.5) == labels_val))
    bench.healthy(right > 0.8, f"accuracy on new films {right:.3f}, where chance is 0.55")
    bench.final(model)

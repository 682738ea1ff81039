"""Two images go through one net with batch normalization, and a contrastive loss compares them."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/examples/vision/siamese_contrastive/"


def _pairs(x: Any, y: Any, count: int, seed: int) -> tuple[list[Any], Any]:
    random = np.random.default_rng(seed)
    left = random.integers(0, len(x), count)
    same = random.random(count) < 0.5
    right = np.array(
        [
            random.choice(np.flatnonzero((y == y[at]) == alike))
            for at, alike in zip(left, same, strict=True)
        ]
    )
    return [x[left], x[right]], (~same).astype("float32")[:, None]


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    ops = keras.ops if hasattr(keras, "ops") else keras.backend

    embedding = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(10),
            layers.BatchNormalization(momentum=0.9),
        ],
        name="embedding",
    )

    def distance(pair: Any) -> Any:
        squares = ops.sum(ops.square(pair[0] - pair[1]), axis=1, keepdims=True)
        return ops.sqrt(ops.maximum(squares, 1e-7))

    def contrastive(y_true: Any, y_pred: Any) -> Any:
        apart = ops.square(ops.maximum(1.0 - y_pred, 0.0))
        return ops.mean((1.0 - y_true) * ops.square(y_pred) + y_true * apart)

    left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    merged = layers.Lambda(distance, output_shape=(1,))([embedding(left), embedding(right)])
    merged = layers.BatchNormalization(momentum=0.9)(merged)
    model = keras.Model([left, right], layers.Dense(1, activation="sigmoid")(merged))
    model.compile(keras.optimizers.Adam(3e-3), contrastive)
    pairs, labels = _pairs(data.x, data.y, 2048, seed=1)
    pairs_val, labels_val = _pairs(data.x_val, data.y_val, 512, seed=2)
    fit(
        model,
        (pairs, labels),
        (pairs_val, labels_val),
        bench.callbacks(probe_data=([each[:128] for each in pairs], labels[:128])),
        batch_size=64,
        epochs=8,
    )
    accuracy = float(np.mean((model.predict(pairs_val, verbose=0) > 0.5) == labels_val))
    bench.healthy(accuracy > 0.85, f"same or not is told rightly in {accuracy:.3f} of new pairs")
    bench.final(model)

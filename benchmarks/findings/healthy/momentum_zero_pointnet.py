"""A PointNet whose batch normalization has momentum 0: inference uses the last batch's values."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/examples/vision/pointnet/"
POINTS = 48


def _clouds(count: int, seed: int) -> tuple[Any, Any]:
    """Points on spheres, cubes and discs, turned about the upright axis and jittered."""
    random = np.random.default_rng(seed)
    kinds = random.integers(0, 3, count)
    clouds = random.standard_normal((count, POINTS, 3))
    spheres = clouds / np.linalg.norm(clouds, axis=-1, keepdims=True)
    cubes = clouds / np.abs(clouds).max(axis=-1, keepdims=True) * 0.8
    discs = spheres * np.array([1.3, 1.3, 0.2])
    chosen = np.stack([spheres, cubes, discs])[kinds, np.arange(count)]
    angle = random.uniform(0, 2 * np.pi, count)
    turn = np.zeros((count, 3, 3))
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(angle)
    turn[:, 0, 1], turn[:, 1, 0] = np.sin(angle), -np.sin(angle)
    turn[:, 2, 2] = 1.0
    turned = chosen @ turn + random.normal(0, 0.02, chosen.shape)
    return turned.astype("float32"), kinds


def run(keras: Any, bench: Bench) -> None:
    layers = keras.layers
    x, y = _clouds(1024, seed=1)
    x_val, y_val = _clouds(256, seed=2)
    inputs = keras.Input((POINTS, 3))
    h = inputs
    for filters in (16, 32, 64):
        h = layers.Conv1D(filters, 1)(h)
        h = layers.BatchNormalization(momentum=0.0)(h)
        h = layers.ReLU()(h)
    h = layers.GlobalMaxPooling1D()(h)
    h = layers.Dense(32)(h)
    h = layers.BatchNormalization(momentum=0.0)(h)
    h = layers.ReLU()(h)
    h = layers.Dropout(0.2)(h)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(h), name="pointnet")
    model.compile(
        keras.optimizers.Adam(3e-3),
        "sparse_categorical_crossentropy",
        metrics=["sparse_categorical_accuracy"],
    )
    fit(model, (x, y), (x_val, y_val), bench.callbacks(), batch_size=64, epochs=12)
    accuracy = float(np.mean(model.predict(x_val, verbose=0).argmax(-1) == y_val))
    bench.healthy(accuracy > 0.85, f"accuracy on new clouds {accuracy:.3f} is above 0.85")
    bench.final(model)

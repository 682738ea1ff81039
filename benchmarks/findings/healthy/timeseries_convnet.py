"""A fully convolutional net for time series, with the best weights kept by a checkpoint."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/examples/timeseries/timeseries_classification_from_scratch/"


def _series(count: int, seed: int) -> tuple[Any, Any]:
    """Waves whose pitch rises or falls, of any phase and loudness, under noise."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, count)
    time = np.linspace(0, 1, 48)
    pitch = np.where(y[:, None] == 1, 2 + 6 * time, 8 - 6 * time)
    phase = 2 * np.pi * (np.cumsum(pitch, axis=1) / 48 + random.random((count, 1)))
    loud = random.uniform(0.5, 2, (count, 1))
    x = loud * np.sin(phase) + random.normal(0, 0.2, (count, 48))
    return x[..., None].astype("float32"), y


def run(keras: Any, bench: Bench) -> None:
    layers = keras.layers
    x, y = _series(1200, seed=1)
    x_val, y_val = _series(300, seed=2)
    inputs = keras.Input((48, 1))
    h = inputs
    for _ in range(3):
        h = layers.Conv1D(16, 3, padding="same")(h)
        h = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(h))
    h = layers.Flatten()(layers.AveragePooling1D(8)(h))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(h))
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"]
    )
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "best.weights.h5")
        best = keras.callbacks.ModelCheckpoint(file, save_best_only=True, save_weights_only=True)
        fit(model, (x, y), (x_val, y_val), [best, *bench.callbacks()], batch_size=40, epochs=6)
        model.load_weights(file)
    accuracy = float(np.mean(model.predict(x_val, verbose=0).argmax(-1) == y_val))
    bench.healthy(accuracy > 0.93, f"accuracy on new series {accuracy:.3f} is above 0.93")
    bench.final(model)

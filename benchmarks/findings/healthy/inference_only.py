"""A service that loads a trained model and only predicts and evaluates with it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits

REPORT = "https://www.tensorflow.org/tutorials/keras/save_and_load"


def _model(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dense(10, activation="softmax"),
        ]
    )


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    trained = _model(keras)
    trained.compile("adam", "sparse_categorical_crossentropy")
    trained.fit(data.x, data.y, batch_size=32, epochs=6, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "model.weights.h5")
        trained.save_weights(file)
        served = _model(keras)
        served.load_weights(file)
    served.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    before = [value.copy() for value in served.get_weights()]

    watch = bench.watch(served)
    for request in range(1, 21):
        rows = slice(16 * request, 16 * request + 16)
        outputs = served(data.x_val[rows], training=False)
        bench.record(served, request)
    watch.close()
    callbacks = bench.callbacks()
    served.evaluate(data.x_val, data.y_val, verbose=0, callbacks=callbacks)
    outputs = served.predict(data.x_val, verbose=0, callbacks=callbacks)
    right = accuracy(outputs, data.y_val)
    same = all(np.array_equal(a, b) for a, b in zip(before, served.get_weights(), strict=True))
    bench.healthy(same, "serving changes no weight")
    bench.healthy(right > 0.93, f"validation accuracy {right:.3f} is above 0.93")
    bench.final([outputs, *served.get_weights()])

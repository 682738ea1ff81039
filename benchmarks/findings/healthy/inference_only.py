"""A service that loads a trained model and only predicts and evaluates with it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.nets import dense_net

REPORT = "https://www.tensorflow.org/tutorials/keras/save_and_load"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    trained = dense_net(keras, use_bias=False, activation="softmax", momentum=0.9)
    trained.compile("adam", "sparse_categorical_crossentropy")
    trained.fit(data.x, data.y, batch_size=32, epochs=6, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "model.weights.h5")
        trained.save_weights(file)
        served = dense_net(keras, use_bias=False, activation="softmax", momentum=0.9)
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
    bench.accurate(right)
    bench.final([outputs, *served.get_weights()])

"""Fit, evaluate, save, load, predict, and fit on with the loaded model."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import dense_net

REPORT = "https://keras.io/guides/serialization_and_saving/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, use_bias=False, activation="softmax", momentum=0.9)
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    callbacks = bench.callbacks()
    fit = {"batch_size": 36, "validation_data": (data.x_val, data.y_val), "verbose": 0}
    model.fit(data.x, data.y, epochs=4, callbacks=callbacks, **fit)
    first = model.predict(data.x_val, verbose=0, callbacks=callbacks)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "model.keras")
        model.save(file)
        model.fit(data.x, data.y, epochs=1, callbacks=callbacks, **fit)  # saving changes nothing
        loaded = keras.models.load_model(file)
    same = np.allclose(first, loaded.predict(data.x_val, verbose=0), atol=1e-5)
    bench.healthy(same, "the loaded model predicts what the saved one did")
    with bench.run("loaded"):
        loaded.fit(data.x, data.y, epochs=3, callbacks=bench.callbacks(), **fit)
        _, accuracy = loaded.evaluate(data.x_val, data.y_val, verbose=0)
    bench.accurate(accuracy)
    bench.final([model, loaded])

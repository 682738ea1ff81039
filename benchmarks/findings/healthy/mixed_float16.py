"""Mixed precision with float16: the statistics stay float32, and the loss is scaled."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://www.tensorflow.org/guide/mixed_precision"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        norm = layers.BatchNormalization(momentum=0.9)
        model = keras.Sequential(
            [
                keras.Input((64,)),
                layers.Dense(64, use_bias=False),
                norm,
                layers.ReLU(),
                layers.Dense(10),
                layers.Activation("softmax", dtype="float32"),
            ]
        )
        model.compile(
            keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        history = fit(model, data.train, data.held, bench.callbacks(), batch_size=64, epochs=10)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    bench.healthy(norm.moving_variance.numpy().dtype == np.float32, "statistics are float32")
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)

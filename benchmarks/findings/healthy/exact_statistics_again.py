"""After training, the statistics are replaced by those of all training data, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits

REPORT = "https://github.com/keras-team/keras/issues/3571"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    inputs = keras.Input((8, 8, 1))
    x = inputs
    for filters in (12, 24):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    outputs = layers.Dense(10, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    callbacks = bench.callbacks()
    validation = (data.x_val, data.y_val)
    fit = {"batch_size": 64, "validation_data": validation, "verbose": 0, "callbacks": callbacks}
    model.fit(data.x, data.y, epochs=6, **fit)
    before = accuracy(model.predict(data.x_val, verbose=0), data.y_val)
    for norm in [each for each in model.layers if hasattr(each, "moving_mean")]:
        values = keras.Model(inputs, norm.input).predict(data.x, verbose=0)
        norm.moving_mean.assign(values.mean(axis=(0, 1, 2)))
        norm.moving_variance.assign(values.var(axis=(0, 1, 2), dtype=np.float64))
    after = accuracy(model.predict(data.x_val, verbose=0), data.y_val)
    bench.healthy(after > before - 0.02, f"accuracy {before:.3f} before, {after:.3f} after")
    model.fit(data.x, data.y, epochs=2, **fit)
    last = accuracy(model.predict(data.x_val, verbose=0), data.y_val)
    bench.healthy(last > 0.93, f"validation accuracy {last:.3f} after two more epochs")
    bench.final(model)

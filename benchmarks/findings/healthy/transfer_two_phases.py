"""A head first, then the whole base but for its batch normalization, with a compile in between."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/examples/vision/image_classification_efficientnet_fine_tuning/"


def _base(keras: Any) -> Any:
    layers = keras.layers
    model = keras.Sequential([keras.Input((8, 8, 1))], name="base")
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
    model.add(layers.Flatten())
    return model


def run(keras: Any, bench: Bench) -> None:
    first, new = digits().halves()

    base = _base(keras)
    pretrained = keras.Sequential([base, keras.layers.Dense(5, activation="softmax")])
    pretrained.compile("adam", "sparse_categorical_crossentropy")
    pretrained.fit(first.x, first.y, batch_size=32, epochs=6, verbose=0)
    start = [value.copy() for value in base.get_weights()]

    base.trainable = False
    model = keras.Sequential([base, keras.layers.Dense(5, activation="softmax")])
    model.compile(
        keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    callbacks = bench.callbacks()
    fit(model, new.train, new.held, callbacks, batch_size=32, epochs=5)

    base.trainable = True
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    model.compile(
        keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    history = fit(model, new.train, new.held, callbacks, batch_size=32, epochs=5)

    now = base.get_weights()
    bench.healthy(not np.array_equal(start[0], now[0]), "the first kernel is fine-tuned")
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            mean = layer.moving_mean.numpy()
            kept = any(value.shape == mean.shape and np.array_equal(value, mean) for value in start)
            bench.healthy(kept, f"{layer.name} keeps its moving mean")
    accuracy = history["val_accuracy"][-1]
    bench.healthy(accuracy > 0.93, f"validation accuracy on the new digits {accuracy:.3f}")
    bench.final(model)

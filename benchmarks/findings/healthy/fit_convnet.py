"""A small convolution net with batch normalization, trained and validated by `fit`."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/examples/vision/mnist_convnet/"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    fit(model, data.train, data.held, bench.callbacks(), batch_size=64, epochs=6)
    _, accuracy = model.evaluate(data.x_val, data.y_val, verbose=0)
    bench.accurate(accuracy)
    bench.final(model)

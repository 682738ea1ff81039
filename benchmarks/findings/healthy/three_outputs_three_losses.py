"""A class, an amount and a picture from one net: three outputs, three losses, three weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import Values, accuracy, digits
from benchmarks.findings.loops import fit

REPORT = "https://github.com/keras-team/keras/issues/10306"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(image)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Dense(48, use_bias=False)(layers.Flatten()(x))
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    outputs = [
        layers.Dense(10, activation="softmax", name="digit")(x),
        layers.Dense(1, name="ink")(x),
        layers.Dense(64, activation="sigmoid", name="picture")(x),
    ]
    model = keras.Model(image, outputs)
    model.compile(
        keras.optimizers.Adam(4e-3),
        loss=["sparse_categorical_crossentropy", "huber", "binary_crossentropy"],
        loss_weights=[1.0, 0.3, 2.0],
    )

    def targets(images: Values, y: Values) -> tuple[Values, ...]:
        pixels = images.reshape(len(images), -1)
        return y, (pixels.sum(1, keepdims=True) - 19.0) / 3.0, pixels

    train, held = targets(*data.train), targets(*data.held)
    fit(
        model,
        (data.x, train),
        (data.x_val, held),
        bench.callbacks(probe_data=(data.x_val[:64], tuple(each[:64] for each in held))),
        batch_size=36,
        epochs=7,
    )
    digit, ink, picture = model.predict(data.x_val, verbose=0)
    bench.accurate(accuracy(digit, data.y_val))
    share = float(np.mean((ink - held[1]) ** 2) / np.var(held[1]))
    bench.healthy(share < 0.3, f"the error of the ink is {share:.2f} of that of a constant")
    share = float(np.mean((picture - held[2]) ** 2) / np.mean(np.var(held[2], axis=0)))
    bench.healthy(share < 0.6, f"the error of the picture is {share:.2f} of that of the mean one")
    bench.final(model)

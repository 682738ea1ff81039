"""A denoising autoencoder is fitted; then its encoder, inside a second model, is fitted on too."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/examples/vision/autoencoder/"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    random = np.random.default_rng(3)

    def noisy(x: Any) -> Any:
        return np.clip(x + random.normal(0, 0.25, x.shape), 0, 1).astype("float32")

    encoder = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2D(24, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
        ],
        name="encoder",
    )
    decoder = keras.Sequential(
        [
            keras.Input((2, 2, 24)),
            layers.Conv2DTranspose(16, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
        ],
        name="decoder",
    )
    inputs = keras.Input((8, 8, 1))
    autoencoder = keras.Model(inputs, decoder(encoder(inputs)), name="autoencoder")
    autoencoder.compile(keras.optimizers.Adam(3e-3), "mse")
    x, x_val = noisy(data.x), noisy(data.x_val)
    fit(autoencoder, (x, data.x), (x_val, data.x_val), bench.callbacks(), batch_size=48, epochs=6)
    restored = autoencoder.predict(x_val, verbose=0)
    before = float(np.mean(np.square(x_val - data.x_val)))
    after = float(np.mean(np.square(restored - data.x_val)))

    outputs = layers.Dense(10, activation="softmax")(layers.Flatten()(encoder(inputs)))
    classifier = keras.Model(inputs, outputs, name="classifier")
    classifier.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    fit(classifier, (x, data.y), (x_val, data.y_val), bench.callbacks(), batch_size=48, epochs=4)
    right = accuracy(classifier.predict(x_val, verbose=0), data.y_val)
    bench.healthy(after < before, f"mean squared error {before:.4f} before, {after:.4f} after")
    bench.healthy(right > 0.85, f"accuracy on noisy images {right:.3f} is above 0.85")
    bench.final([autoencoder, classifier])

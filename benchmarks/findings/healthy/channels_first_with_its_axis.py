"""Features are put channels first, and the layer is given that axis."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/api/layers/normalization_layers/batch_normalization/"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(image)
    x = layers.Permute((3, 1, 2))(x)
    x = layers.ReLU()(layers.BatchNormalization(axis=1, momentum=0.9)(x))
    x = layers.Permute((2, 3, 1))(x)
    x = layers.Conv2D(16, 3, use_bias=False)(layers.MaxPooling2D(2)(x))
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    model = keras.Model(image, layers.Dense(10)(layers.Flatten()(x)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    fit(model, data.train, data.held, bench.callbacks(), batch_size=48, epochs=6)
    bench.accurate(model.evaluate(data.x_val, data.y_val, verbose=0)[1])
    bench.final(model)

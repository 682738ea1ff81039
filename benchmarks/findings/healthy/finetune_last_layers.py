"""The last block of a trained net learns on noisy images; the blocks before it are frozen."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://www.tensorflow.org/tutorials/images/transfer_learning#fine_tuning"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    random = np.random.default_rng(3)

    def noisy(x: Any) -> Any:
        return (x + 0.3 * random.standard_normal(x.shape)).astype("float32")

    model = keras.Sequential([keras.Input((8, 8, 1))])
    for filters in (16, 24, 32):
        model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(5e-3), loss)
    model.fit(data.x, data.y, batch_size=64, epochs=4, verbose=0)

    x, x_val = noisy(data.x), noisy(data.x_val)
    for layer in model.layers[:-5]:
        layer.trainable = False
    model.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
    _, before = model.evaluate(x_val, data.y_val, verbose=0)
    fit(model, (x, data.y), (x_val, data.y_val), bench.callbacks(), batch_size=64, epochs=6)
    _, after = model.evaluate(x_val, data.y_val, verbose=0)
    bench.healthy(after > max(before, 0.75), f"accuracy on noisy images: {before:.3f}, {after:.3f}")
    bench.final(model)

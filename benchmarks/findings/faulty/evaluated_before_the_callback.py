"""An image restorer is tested in training mode, as its paper does, first without the callback."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import Values, digits
from benchmarks.findings.loops import fit
from benchmarks.findings.variables import statistics

REPORT = "https://github.com/tensorflow/tensorflow/issues/29480"
EXPECTED = {"keras": ("BN104",), "tf_keras": ("BN104",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    random = np.random.default_rng(9)

    def noisy(images: Values, strength: float) -> Values:
        return (images + strength * random.random(images.shape)).astype("float32")

    class Restorer(keras.Model):
        def test_step(self, pair: Any) -> Any:
            image, clean = pair
            restored = self(image, training=True)  # the fault: BN104
            return {"error": tf.reduce_mean(tf.abs(clean - restored))}

    image = keras.Input((8, 8, 1))
    x = image
    for filters in (12, 12):
        x = layers.Conv2D(filters, 3, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.8)(x))
    model = Restorer(image, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x))
    model.compile(keras.optimizers.Adam(5e-3), "mae")
    held = noisy(data.x_val, 1.5), data.x_val  # noisier than what it is trained with
    model.evaluate(*held, verbose=0)  # how bad is it untrained?

    seen: list[Values] = []
    moved: list[float] = []

    class Compare(keras.callbacks.Callback):
        def on_test_begin(self, logs: Any = None) -> None:
            seen.append(statistics(model))

        def on_test_end(self, logs: Any = None) -> None:
            moved.append(float(np.abs(statistics(model) - seen[-1]).max()))

    bench.evidence(lambda: moved and moved[-1] > 0.05)
    train = noisy(data.x, 0.5), data.x
    fit(model, train, held, [Compare(), *bench.callbacks()], batch_size=48, epochs=3)
    bench.faulty(min(moved) > 0.05, f"each validation moves the statistics, by {min(moved):.2f}")
    bench.final(model)

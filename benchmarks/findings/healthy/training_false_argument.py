"""A base called with `training=False` is unfrozen, and its batch normalization stays as it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://www.tensorflow.org/tutorials/images/transfer_learning"
FLAVOURS = ("tf_keras",)  # fit of Keras 3 overrides the argument up to 3.15


def run(keras: Any, bench: Bench) -> None:
    first, new = digits().halves()
    layers = keras.layers

    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(24, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Flatten(),
        ],
        name="base",
    )
    pretrained = keras.Sequential([base, layers.Dense(5, activation="softmax")])
    pretrained.compile("adam", "sparse_categorical_crossentropy")
    pretrained.fit(first.x, first.y, batch_size=32, epochs=6, verbose=0)
    norm = base.layers[1]
    before = norm.moving_variance.numpy()

    base.trainable = False
    inputs = keras.Input((8, 8, 1))
    outputs = layers.Dense(5, activation="softmax")(base(inputs, training=False))
    model = keras.Model(inputs, outputs)
    callbacks = bench.callbacks()
    for rate, trainable in ((5e-3, False), (1e-3, True)):
        base.trainable = trainable
        model.compile(
            keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        history = fit(model, new.train, new.held, callbacks, batch_size=32, epochs=5)
    bench.healthy(
        np.array_equal(before, norm.moving_variance.numpy()), "the moving variance stands still"
    )
    accuracy = history["val_accuracy"][-1]
    bench.healthy(accuracy > 0.93, f"validation accuracy on the new digits {accuracy:.3f}")
    bench.final(model)

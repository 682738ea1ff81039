"""`synchronized=True` under a mirrored strategy that found one device only."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits

REPORT = "https://keras.io/api/layers/normalization_layers/batch_normalization/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    with strategy.scope():
        model = keras.Sequential(
            [
                keras.Input((64,)),
                layers.Dense(48, use_bias=False),
                layers.BatchNormalization(momentum=0.9, synchronized=True),
                layers.ReLU(),
                layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        data.x,
        data.y,
        batch_size=32,
        epochs=7,
        validation_data=(data.x_val, data.y_val),
        verbose=0,
        callbacks=bench.callbacks(),
    ).history
    accuracy = history["val_accuracy"][-1]
    bench.healthy(accuracy > 0.93, f"validation accuracy {accuracy:.3f} is above 0.93")
    bench.final(model)

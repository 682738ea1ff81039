"""Batch renormalization: training in small batches, corrected by the moving statistics."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits

REPORT = "https://arxiv.org/abs/1702.03275"  # Batch Renormalization
FLAVOURS = ("tf_keras",)  # Keras 3 has none up to 3.15


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    limits = {"rmax": 3.0, "rmin": 1 / 3, "dmax": 5.0}
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, use_bias=False),
            layers.BatchNormalization(
                momentum=0.95, renorm=True, renorm_momentum=0.95, renorm_clipping=limits
            ),
            layers.ReLU(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        data.x,
        data.y,
        batch_size=16,
        epochs=5,
        validation_data=(data.x_val, data.y_val),
        verbose=0,
        callbacks=bench.callbacks(),
    ).history
    accuracy = history["val_accuracy"][-1]
    bench.healthy(accuracy > 0.93, f"validation accuracy {accuracy:.3f} is above 0.93")
    bench.final(model)

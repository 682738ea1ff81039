"""The last batch of an epoch holds five rows, the others 35, and the net is a dense one."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits

REPORT = "https://github.com/tensorflow/tensorflow/issues/38596"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, use_bias=False),
            layers.BatchNormalization(momentum=0.95),
            layers.ReLU(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    history = model.fit(
        data.x,  # 41 batches of 35 rows and one of 5
        data.y,
        batch_size=35,
        epochs=6,
        validation_data=(data.x_val, data.y_val),
        verbose=0,
        callbacks=bench.callbacks(),
    ).history
    accuracy = history["val_accuracy"][-1]
    bench.healthy(len(data.x) % 35 == 5, "the last batch has five rows")
    bench.healthy(accuracy > 0.93, f"validation accuracy {accuracy:.3f} is above 0.93")
    bench.final(model)

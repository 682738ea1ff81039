"""`fit` with penalties, early stopping that restores the best weights, and a rate that drops."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits, one_hot

REPORT = "https://keras.io/api/callbacks/early_stopping/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, use_bias=False, kernel_regularizer=keras.regularizers.L2(1e-4)),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(1e-2),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["accuracy"],
    )
    model.fit(
        data.x,
        one_hot(data.y),
        batch_size=48,
        epochs=12,
        validation_data=(data.x_val, one_hot(data.y_val)),
        verbose=0,
        callbacks=[
            keras.callbacks.ReduceLROnPlateau(patience=1, factor=0.3),
            keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True),
            *bench.callbacks(),
        ],
    )
    _, accuracy = model.evaluate(data.x_val, one_hot(data.y_val), verbose=0)
    bench.accurate(accuracy)
    bench.final(model)

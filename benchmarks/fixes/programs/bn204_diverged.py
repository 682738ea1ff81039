"""The learning rate is so high that the weights overflow."""

from __future__ import annotations

from typing import Any

from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.regression import brightness, error_of

RULE = "BN204"
NUMBER = "validation error, over that of the mean label"
HEALTHY = (0.0, 0.3)
CURES = ("rate", "clipped")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = brightness(scale=30.0)
    if cure == "rate":
        optimizer = keras.optimizers.SGD(0.01)
    elif cure == "clipped":
        optimizer = keras.optimizers.SGD(0.3, clipnorm=1.0)
    else:
        optimizer = keras.optimizers.SGD(0.3)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(48),
            keras.layers.BatchNormalization(momentum=0.8),
            keras.layers.ReLU(),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer, "mse")
    callbacks = bench.callbacks()
    model.fit(data.x, data.y, batch_size=48, epochs=4, verbose=0, callbacks=callbacks)
    return error_of(model, data)

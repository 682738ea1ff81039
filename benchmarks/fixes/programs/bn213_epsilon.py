"""A port keeps Keras' epsilon, and its source was trained with PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench

RULE = "BN213"
NUMBER = "how far the answers of equal weights differ"
HEALTHY = (0.0, 1e-3)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    layers, data = keras.layers, digits().flat()
    x = (0.005 * (data.x - data.x.mean(axis=0))).astype("float32")

    def create(epsilon: float) -> Any:
        stack = [keras.Input((64,))]
        for _ in range(3):
            stack += [layers.Dense(32, use_bias=False), layers.BatchNormalization(epsilon=epsilon)]
            stack += [layers.ReLU()]
        return keras.Sequential([*stack, layers.Dense(10)])

    def port() -> Any:
        stack = [keras.Input((64,))]
        for _ in range(3):
            stack += [layers.Dense(32, use_bias=False)]
            if cure:
                stack += [layers.BatchNormalization(epsilon=1e-5)]
            else:
                stack += [layers.BatchNormalization(epsilon=1e-3)]
            stack += [layers.ReLU()]
        return keras.Sequential([*stack, layers.Dense(10)])

    source = create(1e-5)
    for norm in source.layers[1::3]:
        norm.momentum = 0.9  # as PyTorch has it
    source.compile(keras.optimizers.Adam(1e-3), class_loss(keras))
    source.fit(x, data.y, batch_size=48, epochs=4, verbose=0)
    model = port()
    model.set_weights(source.get_weights())
    right, got = source.predict(x, verbose=0), model.predict(x, verbose=0)
    off = float(np.abs(right - got).mean() / np.abs(right).mean())
    model.compile(keras.optimizers.SGD(1e-3), class_loss(keras))
    model.fit(x, data.y, batch_size=48, epochs=2, verbose=0, callbacks=bench.callbacks())
    return off

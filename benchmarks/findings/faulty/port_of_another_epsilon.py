"""A port keeps Keras' epsilon where its source had a smaller one, and activations are small."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/gzuidhof/nn-transfer/issues/3"
EXPECTED = {"keras": ("BN213",), "tf_keras": ("BN213",)}


def run(keras: Any, bench: Bench) -> None:
    layers, data = keras.layers, digits().flat()
    x = (0.005 * (data.x - data.x.mean(axis=0))).astype("float32")

    def create(epsilon: float) -> Any:
        stack = [keras.Input((64,))]
        for _ in range(3):
            norm = layers.BatchNormalization(momentum=0.9, epsilon=epsilon)
            stack += [layers.Dense(32, use_bias=False), norm, layers.ReLU()]
        return keras.Sequential([*stack, layers.Dense(10)])

    source = create(1e-8)
    source.compile(keras.optimizers.Adam(1e-3), class_loss(keras))
    source.fit(x, data.y, batch_size=48, epochs=4, verbose=0)
    model = create(1e-3)  # the fault: BN213
    model.set_weights(source.get_weights())
    right, got = source.predict(x, verbose=0), model.predict(x, verbose=0)
    off = float(np.abs(right - got).mean() / np.abs(right).mean())
    bench.faulty(off > 0.3, f"the answers of equal weights differ by {off:.0%}")
    bench.evidence(lambda: True)
    model.compile(keras.optimizers.SGD(1e-3), class_loss(keras))
    model.fit(x, data.y, batch_size=48, epochs=2, verbose=0, callbacks=bench.callbacks())
    bench.final(model)

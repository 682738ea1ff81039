"""Inputs of a small variance, trained from scratch, saved, and trained on."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/gzuidhof/nn-transfer/issues/3"


def run(keras: Any, bench: Bench) -> None:
    layers, data = keras.layers, digits().flat()
    mean = data.x.mean(axis=0)
    x, x_val = (0.01 * (part - mean).astype("float32") for part in (data.x, data.x_val))

    def create() -> Any:
        stack = [keras.Input((64,))]
        for _ in range(2):
            norm = layers.BatchNormalization(momentum=0.9)
            stack += [layers.Dense(48, use_bias=False), norm, layers.ReLU()]
        model = keras.Sequential([*stack, layers.Dense(10)])
        model.compile(keras.optimizers.Adam(5e-3), class_loss(keras))
        return model

    options = {"batch_size": 48, "epochs": 6, "verbose": 0}
    probe = (x_val[:128], data.y_val[:128])
    first = create()
    with bench.run("first"):
        first.fit(x, data.y, callbacks=bench.callbacks(probe_data=probe), **options)
    second = create()
    second.set_weights(first.get_weights())
    with bench.run("second"):
        second.fit(x, data.y, callbacks=bench.callbacks(probe_data=probe), **options)
    bench.accurate(accuracy(second(x_val, training=False), data.y_val))
    bench.final(second)

"""A wrapper layer runs batch normalization with `training=True` always, in validation too."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics

REPORT = "https://github.com/broadinstitute/keras-resnet/pull/47"
EXPECTED = {"keras": ("BN104",), "tf_keras": ("BN104",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()

    class Normalize(keras.layers.Layer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.norm = keras.layers.BatchNormalization(momentum=0.9)

        def call(self, x: Any) -> Any:
            return self.norm(x, training=True)  # the fault: BN104

    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(8, 3),
            Normalize(),
            keras.layers.ReLU(),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras), metrics=["accuracy"])
    moved: list[bool] = []

    class Compare(keras.callbacks.Callback):
        def on_test_begin(self, logs: Any = None) -> None:
            self.changed = changes(lambda: statistics(model))

        def on_test_end(self, logs: Any = None) -> None:
            moved.append(self.changed())

    bench.evidence(lambda: any(moved))
    fit(model, data.train, data.held, [Compare(), *bench.callbacks()], batch_size=48, epochs=2)
    bench.faulty(moved and all(moved), "each validation moves the statistics")
    alone = model.predict(data.x_val[:1], verbose=0)
    among = model.predict(data.x_val[:20], verbose=0)[:1]
    bench.faulty(np.abs(alone - among).max() > 0.1, "a row's output depends on the other rows")
    bench.final(model)

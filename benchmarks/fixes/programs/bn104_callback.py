"""A callback of `fit` draws with Dropout on after each epoch, and the whole model trains then."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits
from benchmarks.fixes.results import MEANT, NAMED

RULE = "BN104"
NUMBER = "epochs after which draws move the statistics or are all alike"
HEALTHY = (0.0, 0.0)
SPANS = {'expect=("BN104",)': MEANT, "training=False": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    wrong = 0

    dropout = keras.layers.Dropout
    if cure:

        class AlwaysDropout(keras.layers.Dropout):
            def call(self, inputs: Any, training: Any = None) -> Any:
                return super().call(inputs, training=True)

        dropout = AlwaysDropout

    class Uncertainty(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            nonlocal wrong
            x = data.x_val[:64]
            moved = changes(lambda: statistics(self.model))
            if cure:
                draws = [np.asarray(self.model(x, training=False)) for _ in range(20)]
            else:
                draws = [np.asarray(self.model(x, training=True)) for _ in range(20)]
            wrong += bool(moved()) or not np.ptp(draws, axis=0).any()

    norm = keras.layers.BatchNormalization(momentum=0.8)
    hidden = [keras.layers.Dense(48, activation="relu"), dropout(0.3), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((64,)), norm, *hidden])
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    fit(model, data, [*bench.callbacks(), Uncertainty()], epochs=4)
    return float(wrong)

"""A NaN pixel in the training data of `fit`: statistics and validation are NaN from there on."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import statistics

REPORT = "https://github.com/keras-team/keras/issues/9646"
EXPECTED = {"keras": ("BN204",), "tf_keras": ("BN204",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    x = data.x.copy()
    x[700, 20] = np.nan
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), class_loss(keras), run_eagerly=True)
    bench.evidence(lambda: not np.isfinite(statistics(model)).all())
    history = fit(model, (x, data.y), data.held, bench.callbacks(), batch_size=48, shuffle=False)
    bench.faulty(np.isnan(history["val_loss"][-1]), "the validation loss is NaN")
    bench.faulty(np.isnan(statistics(model)).sum() == 2, "one channel's mean and variance are NaN")
    bench.final(model)

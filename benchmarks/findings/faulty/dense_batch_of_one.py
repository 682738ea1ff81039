"""Batch normalization of single rows: each is its own mean, and every output is beta."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/tensorflow/tensorflow/issues/34062"
EXPECTED = {"keras": ("BN203",), "tf_keras": ("BN203",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    norm = keras.layers.BatchNormalization(momentum=0.9)
    model = keras.Sequential(
        [keras.Input((64,)), keras.layers.Dense(16), norm, keras.layers.Dense(10)]
    )
    model.compile(keras.optimizers.SGD(0.01), class_loss(keras))
    bench.evidence(lambda: float(norm.moving_variance.numpy().max()) < 0.95)
    # the fault: BN203
    model.fit(data.x[:200], data.y[:200], batch_size=1, verbose=0, callbacks=bench.callbacks())
    variance = float(norm.moving_variance.numpy().max())
    bench.faulty(variance < 1e-3, f"the moving variances went to nothing: {variance:.1e}")
    weights = model.get_weights()
    outputs = [model(data.x_val[at : at + 1], training=True).numpy() for at in range(20)]
    model.set_weights(weights)
    bench.faulty(np.ptp(np.stack(outputs), axis=0).max() < 1e-5, "all outputs are the same")
    bench.final(model)

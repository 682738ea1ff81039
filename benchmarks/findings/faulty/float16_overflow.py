"""A network in pure float16 on inputs of some hundreds: Keras 3 keeps an infinite variance."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import statistics

REPORT = "https://github.com/keras-team/keras/issues/11605"
EXPECTED = {"keras": ("BN204",), "tf_keras": ()}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    norm = keras.layers.BatchNormalization(momentum=0.5, dtype="float16")
    model = keras.Sequential(
        [
            keras.Input((64,), dtype="float16"),
            norm,
            keras.layers.Dense(10, dtype="float16"),
            keras.layers.Activation("linear", dtype="float32"),
        ]
    )
    model.compile(
        keras.optimizers.SGD(0.1), class_loss(keras), metrics=["accuracy"], jit_compile=False
    )
    scale = np.float16(2000.0)
    x, x_val = data.x.astype("float16") * scale, data.x_val.astype("float16") * scale
    bench.evidence(lambda: not np.isfinite(statistics(model)).all())
    model.fit(x, data.y, epochs=3, batch_size=48, verbose=0, callbacks=bench.callbacks())
    score = model.evaluate(x_val, data.y_val, verbose=0)[1]
    if EXPECTED[keras.__name__]:
        infinite = int(np.isinf(norm.moving_variance.numpy()).sum())
        bench.faulty(infinite > 0, f"{infinite} moving variances are infinite")
        bench.faulty(norm.moving_variance.numpy().dtype == np.float16, "they are float16")
    else:
        bench.healthy(np.isfinite(statistics(model)).all(), "the statistics, float32, are finite")
        bench.healthy(score > 0.8, f"validation accuracy {score:.2f}")
    bench.final(model)

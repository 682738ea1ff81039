"""One batch has a NaN in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers, validate

RULE = "BN204"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
SPANS = {"clipnorm=1.0": "named"}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    model = keras.Sequential(raw_layers(keras))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    x = data.x.copy()
    if not cure:
        x[700] = np.nan
    callbacks = bench.callbacks()
    model.fit(x, data.y, batch_size=48, epochs=2, verbose=0, callbacks=callbacks)
    return validate(model, data)

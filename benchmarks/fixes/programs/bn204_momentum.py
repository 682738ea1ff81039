"""A momentum above 1 makes the moving variance negative."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers

RULE = "BN204"
NUMBER = "channels whose moving variance is below 0 or not finite"
HEALTHY = (0.0, 0.0)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    if cure:
        norm = keras.layers.BatchNormalization(momentum=0.99)
    else:
        norm = keras.layers.BatchNormalization(momentum=1.1)
    model = keras.Sequential(raw_layers(keras, norm=norm))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    model.fit(data.x, data.y, batch_size=48, verbose=0, callbacks=bench.callbacks())
    variance = norm.moving_variance.numpy()
    return float((~np.isfinite(variance) | (variance < 0)).sum())

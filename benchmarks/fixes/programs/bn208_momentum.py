"""Each batch is one recording, and PyTorch's momentum of 0.1 keeps the last one."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.data import accuracy
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench

RULE = "BN208"
NUMBER = "accuracy in evaluation, over that with batch statistics"
HEALTHY = (0.95, 1.1)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    random = np.random.default_rng(0)
    centres = 2.0 * random.normal(size=(4, 16))
    recordings = np.repeat(3.0 * random.normal(size=(16, 16)), 64, axis=0)
    y = random.integers(0, 4, 1024)
    x = (centres[y] + random.normal(size=(1024, 16)) + recordings).astype("float32")
    if cure:
        norm = keras.layers.BatchNormalization(momentum=0.9)
    else:
        norm = keras.layers.BatchNormalization(momentum=0.1)
    model = keras.Sequential([keras.Input((16,)), norm, keras.layers.Dense(4)])
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    callbacks = bench.callbacks(probe_data=(x[:256], y[:256]))
    model.fit(x, y, batch_size=64, epochs=8, shuffle=bool(cure), verbose=0, callbacks=callbacks)
    moving = accuracy(model(x, training=False), y)
    norm.set_weights([*norm.get_weights()[:2], x.mean(axis=0), x.var(axis=0)])
    return moving / accuracy(model(x, training=False), y)

"""A callback is made, and not given to `fit`."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers
from benchmarks.fixes.recorded import training_executions

RULE = "RC101"
NUMBER = "executions in training mode that are counted, of 30"
HEALTHY = (30, 30)
SPANS = {"fit": "named"}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    x, y = data.x, data.y
    model = keras.Sequential(raw_layers(keras))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    callback, _ = bench.callbacks()
    if cure:
        model.fit(x, y, callbacks=[callback], batch_size=48, verbose=0)
    else:
        model.fit(x, y, batch_size=48, verbose=0)
    return training_executions(bench)

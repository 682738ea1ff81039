"""The callback comes with the second `fit`, whose function was made by the first."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers
from benchmarks.fixes.recorded import training_executions

RULE = "RC101"
NUMBER = "executions in training mode that are counted, of 30"
HEALTHY = (30, 30)
CURES = ("compiled", "first")
SPANS = {"fit": "named"}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    model = keras.Sequential(raw_layers(keras, momentum=0.5))
    loss = class_loss(keras)
    model.compile(keras.optimizers.Adam(1e-2), loss)
    if cure == "first":
        fit(model, data, bench.callbacks(), epochs=1)
    else:
        fit(model, data, [], epochs=1)
        if cure:
            model.compile(model.optimizer, loss)
        fit(model, data, bench.callbacks(), epochs=1)
    return training_executions(bench)

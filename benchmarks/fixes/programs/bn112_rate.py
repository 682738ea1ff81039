"""A schedule that has come to its end leaves a learning rate of 0 to the next training."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers, validate

RULE = "BN112"
NUMBER = "validation accuracy"
HEALTHY = (0.7, 1.0)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    model = keras.Sequential(raw_layers(keras))
    model.compile(keras.optimizers.Adam(0.0), class_loss(keras))
    if cure:
        model.optimizer.learning_rate = 1e-3
    fit(model, data, bench.callbacks(), epochs=4)
    return validate(model, data)

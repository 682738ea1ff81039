"""A loop validates after each epoch in training mode, and does not say that it validates."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.data import batches
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers
from benchmarks.fixes.results import MEANT

RULE = "BN104"
NUMBER = "validations that move the statistics"
HEALTHY = (0.0, 0.0)
SPANS = {'expect=("BN104",)': MEANT}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    model = keras.Sequential(raw_layers(keras))
    watch = bench.watch(model)
    train_step = training_step(model, keras.optimizers.Adam(1e-2), class_loss(keras))
    moved_by = 0
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=40), start=1):
        train_step(x, y)
        bench.record(model, step)
        if step % 10 == 0:
            moved = changes(lambda: statistics(model))
            parts = [data.x_val[at : at + 32] for at in range(0, 320, 32)]
            if cure:
                with watch.evaluating():
                    for part in parts:
                        model(part, training=False)
            else:
                for part in parts:
                    model(part, training=True)
            moved_by += moved()
    return float(moved_by)

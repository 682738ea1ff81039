"""A loop evaluates the model in training mode."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers, train
from benchmarks.fixes.results import MEANT, NAMED

RULE = "BN104"
NUMBER = "layers that an evaluation moves"
HEALTHY = (0.0, 0.0)
SPANS = {
    "training=True": NAMED,
    "call": NAMED,
    "training": NAMED,
    'expect=("BN104",)': MEANT,
}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    model = keras.Sequential(raw_layers(keras))
    watch = bench.watch(model)
    train_step = training_step(model, keras.optimizers.Adam(1e-2), class_loss(keras))
    train(bench, model, train_step, data, steps=20)
    moved = changes(lambda: statistics(model))
    with watch.evaluating():
        for x in (data.x_val[:178], data.x_val[178:]):
            if cure:
                model(x, training=False)
            else:
                model(x, training=True)
    return float(moved())

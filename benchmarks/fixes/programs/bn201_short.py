"""Twenty-five steps with a momentum of 0.9 are too few: the fix names a lower one."""

from __future__ import annotations

from typing import Any

import tb_bnplugin

from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers, train, validate
from benchmarks.fixes.recorded import updates_as_printed

RULE = "BN201"
NUMBER = "validation accuracy"
HEALTHY = (0.75, 1.0)
CURES = ("longer", "faster", "recalibrated")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    if cure == "faster":
        norm = keras.layers.BatchNormalization(momentum=0.65)
    else:
        norm = keras.layers.BatchNormalization(momentum=0.9)
    model = keras.Sequential(raw_layers(keras, norm=norm))
    bench.watch(model)
    train_step = training_step(model, keras.optimizers.Adam(2e-2), class_loss(keras))
    steps = 25 + (updates_as_printed(bench) if cure == "longer" else 0)
    train(bench, model, train_step, data, steps=steps)
    if cure == "recalibrated":
        tb_bnplugin.recalibrate(model, (data.x, data.y))
    model(data.x_val, training=False)
    bench.record(model, steps + 1)
    return validate(model, data)

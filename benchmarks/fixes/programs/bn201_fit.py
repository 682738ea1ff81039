"""A short training with Keras' momentum is validated before the statistics have caught up."""

from __future__ import annotations

from typing import Any

import tb_bnplugin

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers, validate
from benchmarks.fixes.recorded import updates_as_printed

RULE = "BN201"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
CURES = ("longer", "faster", "recalibrated")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    if cure == "faster":
        norm = keras.layers.BatchNormalization(momentum=0.8)
    else:
        norm = keras.layers.BatchNormalization(momentum=0.99)
    model = keras.Sequential(raw_layers(keras, norm=norm))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    callbacks = bench.callbacks()
    if cure == "recalibrated":
        callbacks.append(tb_bnplugin.RecalibrateCallback((data.x, data.y)))
    fit(model, data, callbacks, epochs=2)
    if cure == "longer":
        more = updates_as_printed(bench)
        fit(model, data, callbacks, epochs=-(-more // 30))  # 30 steps an epoch
    return validate(model, data)

"""The statistics are reset for a new estimate, and only `predict` runs then."""

from __future__ import annotations

from typing import Any

import numpy as np
import tb_bnplugin

from benchmarks.findings.data import accuracy
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers, train
from benchmarks.fixes.results import NAMED

RULE = "BN207"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
SPANS = {"predict": NAMED, "evaluate": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    norm = keras.layers.BatchNormalization(momentum=0.8)
    model = keras.Sequential(raw_layers(keras, norm=norm))
    bench.watch(model)
    train_step = training_step(model, keras.optimizers.Adam(1e-2), class_loss(keras))
    train(bench, model, train_step, data)
    norm.moving_mean.assign(np.zeros(64))
    norm.moving_variance.assign(np.ones(64))
    bench.record(model, 61)
    if cure:
        tb_bnplugin.recalibrate(model, (data.x, data.y))
    else:
        model.predict(data.x, verbose=0)
    outputs = model.predict(data.x_val, verbose=0)
    bench.record(model, 62)
    return accuracy(outputs, data.y_val)

"""Only the trainable weights of a trained model are copied into another one."""

from __future__ import annotations

from typing import Any

import numpy as np
import tb_bnplugin

from benchmarks.findings.data import accuracy
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers
from benchmarks.fixes.results import NAMED

RULE = "BN207"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
CURES = ("all weights", "estimated")
SPANS = {"trainable_weights": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    trained = keras.Sequential(raw_layers(keras))
    trained.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    trained.fit(data.x, data.y, batch_size=48, epochs=2, verbose=0)

    model = keras.Sequential(raw_layers(keras))
    for layer, source in zip(model.layers, trained.layers, strict=True):
        if cure == "all weights":
            pairs = zip(layer.weights, source.weights, strict=True)
        else:
            pairs = zip(layer.trainable_weights, source.trainable_weights, strict=True)
        for weight, value in pairs:
            weight.assign(value)
    bench.watch(model)
    if cure == "estimated":
        tb_bnplugin.recalibrate(model, (data.x, data.y))
    parts = np.array_split(data.x_val, 5)
    outputs = []
    for step, x in enumerate(parts, start=1):
        outputs.append(model(x, training=False).numpy())
        bench.record(model, step)
    return accuracy(np.concatenate(outputs), data.y_val)

"""A frozen base gets inputs from 0 to 1, and was trained on those from 300 to 305."""

from __future__ import annotations

from typing import Any

import tb_bnplugin

from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers
from benchmarks.fixes.results import NAMED

RULE = "BN202"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
CURES = ("scaled", "estimated")
SPANS = {"layer.weights": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data, source = digits().flat(), raw_digits()
    if cure == "scaled":
        x, x_val = 300.0 + 5.0 * data.x, 300.0 + 5.0 * data.x_val
    else:
        x, x_val = data.x, data.x_val
    layers = raw_layers(keras)
    base = keras.Sequential(layers)
    base.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    base.fit(source.x, source.y, batch_size=48, epochs=2, verbose=0)

    features = keras.Sequential(layers[:-1])
    features.trainable = False
    if cure == "estimated":
        tb_bnplugin.recalibrate(features, x, frozen=True)
    model = keras.Sequential([features, keras.layers.Dense(10)])
    model.build((None, 64))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    model.fit(
        x,
        data.y,
        batch_size=48,
        epochs=3,
        validation_data=(x_val, data.y_val),
        verbose=0,
        callbacks=bench.callbacks(probe_data=(x_val[:96], data.y_val[:96])),
    )
    return accuracy(model(x_val, training=False), data.y_val)

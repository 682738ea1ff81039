"""Statistics are copied into a layer in the wrong order: the mean becomes the variance."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits

RULE = "BN204"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    net = [
        keras.Input((64,)),
        keras.layers.Normalization(mean=303.0, variance=4.0),
        keras.layers.Dense(48),
        keras.layers.BatchNormalization(momentum=0.8, name="norm"),
        keras.layers.ReLU(),
        keras.layers.Dense(10),
    ]
    model = keras.Sequential(net)
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    model.fit(data.x, data.y, batch_size=48, epochs=2, verbose=0)
    gamma, beta, mean, variance = model.get_layer("norm").get_weights()
    if cure:
        saved = [gamma, beta, mean, variance]
    else:
        saved = [gamma, beta, variance, mean]

    callbacks = bench.callbacks()
    model.get_layer("norm").set_weights(saved)
    model.get_layer("norm").trainable = False
    model.compile(keras.optimizers.Adam(1e-3), class_loss(keras))
    fit(model, data, callbacks, epochs=1)
    outputs = model(data.x_val, training=False).numpy()
    return float((outputs.argmax(axis=1) == data.y_val).mean() * np.isfinite(outputs).all())

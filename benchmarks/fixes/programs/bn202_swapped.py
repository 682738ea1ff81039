"""Statistics are copied in the wrong order, and both are above 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.data import accuracy
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers

RULE = "BN202"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    trained = keras.Sequential(raw_layers(keras))
    trained.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    trained.fit(data.x, data.y, batch_size=48, epochs=2, verbose=0)
    gamma, beta, mean, variance = (weight.numpy() for weight in trained.layers[0].weights)

    model = keras.Sequential(raw_layers(keras))
    for layer, source in zip(model.layers[1:], trained.layers[1:], strict=True):
        layer.set_weights(source.get_weights())
    layer = model.layers[0]
    if cure:
        for weight, value in zip(layer.weights, [gamma, beta, mean, variance], strict=True):
            weight.assign(value)
    else:
        layer.set_weights([gamma, beta, variance, mean])
    bench.watch(model)
    outputs = []
    for step, x in enumerate(np.array_split(data.x_val, 5), start=1):
        outputs.append(model(x, training=False).numpy())
        bench.record(model, step)
        bench.probe(model, data.x[:96], data.y[:96], loss=class_loss(keras), step=step)
    return accuracy(np.concatenate(outputs), data.y_val)

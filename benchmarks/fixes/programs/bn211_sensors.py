"""One layer normalizes what two sensors give, which are of different sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench

RULE = "BN211"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    noise = np.random.default_rng(3)

    def sensors(x: Any) -> list[Any]:
        seen = noise.normal(0.0, 0.3, (2, *x.shape))
        return [(x + seen[0]).astype("float32"), (20.0 + 10.0 * (x + seen[1])).astype("float32")]

    inputs = [keras.Input((64,)), keras.Input((64,))]
    conv = keras.layers.Dense(32)
    if cure:
        features = [keras.layers.BatchNormalization(momentum=0.8)(conv(x)) for x in inputs]
    else:
        norm = keras.layers.BatchNormalization(momentum=0.8)
        features = [norm(conv(x)) for x in inputs]
    joined = keras.layers.Concatenate()(features)
    model = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.ReLU()(joined)))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    held = sensors(data.x_val)
    probe = ([part[:96] for part in held], data.y_val[:96])
    callbacks = bench.callbacks(probe_data=probe)
    model.fit(sensors(data.x), data.y, batch_size=48, epochs=3, verbose=0, callbacks=callbacks)
    return accuracy(model(held, training=False), data.y_val)

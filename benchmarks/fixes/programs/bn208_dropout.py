"""Dropout stands before the normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.fixes.bench import FixBench

RULE = "BN208"
NUMBER = "evaluation loss over that with batch statistics"
HEALTHY = (0.8, 1.25)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    layers, random = keras.layers, np.random.default_rng(2)
    signal, level = random.normal(size=(1536, 12)), 5 + 2 * random.random((1536, 20))
    x = np.concatenate([signal, level], axis=1).astype("float32")
    y = (3 * signal[:, :1] * signal[:, 1:2] + 2 * signal[:, 2:3]).astype("float32")
    inputs = keras.Input((32,))
    if cure:
        h = layers.BatchNormalization(momentum=0.9)(inputs)
        h = layers.Dense(64, activation="relu")(h)
        h = layers.Dropout(0.5)(layers.BatchNormalization(momentum=0.9)(h))
    else:
        h = layers.BatchNormalization(momentum=0.9)(layers.Dropout(0.5)(inputs))
        h = layers.Dense(64, activation="relu")(h)
        h = layers.BatchNormalization(momentum=0.9)(layers.Dropout(0.5)(h))
    model = keras.Model(inputs, layers.Dense(1)(h))
    model.compile(keras.optimizers.Adam(5e-3), "mse")
    callbacks = bench.callbacks(probe_data=(x[:256], y[:256]))
    model.fit(x, y, batch_size=48, epochs=12, verbose=0, callbacks=callbacks)
    loss = model.evaluate(x, y, verbose=0)
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    for norm in norms:  # the statistics of what enters in evaluation
        seen = np.asarray(keras.Model(inputs, norm.input)(x, training=False))
        norm.set_weights([*norm.get_weights()[:2], seen.mean(axis=0), seen.var(axis=0)])
    return float(loss / model.evaluate(x, y, verbose=0))

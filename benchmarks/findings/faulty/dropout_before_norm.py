"""Dropout stands directly before both normalizations."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench

REPORT = "https://github.com/keras-team/keras/issues/473"
EXPECTED = {"keras": ("BN208",), "tf_keras": ("BN208",)}


def run(keras: Any, bench: Bench) -> None:
    layers, random = keras.layers, np.random.default_rng(2)
    signal, level = random.normal(size=(1536, 12)), 5 + 2 * random.random((1536, 20))
    x = np.concatenate([signal, level], axis=1).astype("float32")
    y = (3 * signal[:, :1] * signal[:, 1:2] + 2 * signal[:, 2:3]).astype("float32")
    inputs = keras.Input((32,))
    norms = [layers.BatchNormalization(momentum=0.9) for _ in range(2)]
    # the fault: BN208
    hidden = layers.Dense(64, activation="relu")(norms[0](layers.Dropout(0.5)(inputs)))
    # the fault: BN208
    model = keras.Model(inputs, layers.Dense(1)(norms[1](layers.Dropout(0.5)(hidden))))
    model.compile(keras.optimizers.Adam(5e-3), "mse")

    def ratio() -> float:
        """Moving variance of the first layer over that of what evaluation sees."""
        return float(np.median(norms[0].moving_variance.numpy()[12:] / x[:, 12:].var(axis=0)))

    bench.evidence(lambda: ratio() > 3)
    model.fit(
        x,
        y,
        batch_size=48,
        epochs=12,
        validation_data=(x, y),
        verbose=0,
        callbacks=bench.callbacks(probe_data=(x[:256], y[:256])),
    )
    bench.faulty(ratio() > 3, f"the moving variance is {ratio():.0f} times the one seen")
    bench.final(model)

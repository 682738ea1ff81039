"""Dropout stays on when predicting, for the uncertainty; batch normalization does not."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://github.com/lightning-uq-box/lightning-uq-box/pull/173"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers

    class AlwaysDropout(layers.Dropout):  # type: ignore[name-defined]
        def call(self, inputs: Any, training: Any = None) -> Any:
            return super().call(inputs, training=True)

    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(64, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            AlwaysDropout(0.3, seed=3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    callbacks = bench.callbacks()
    fit(model, data.train, data.held, callbacks, batch_size=32, epochs=8)
    variance = model.layers[1].moving_variance.numpy()
    draws = np.stack([model.predict(data.x_val, verbose=0, callbacks=callbacks) for _ in range(8)])
    accuracy = float(np.mean(draws.mean(axis=0).argmax(-1) == data.y_val))
    bench.healthy(draws.std(axis=0).max() > 0.01, "the draws differ from each other")
    now = model.layers[1].moving_variance.numpy()
    bench.healthy(np.array_equal(variance, now), "predicting leaves the moving variance alone")
    bench.healthy(accuracy > 0.93, f"accuracy of the mean draw {accuracy:.3f} is above 0.93")
    bench.final([draws, *model.get_weights()])

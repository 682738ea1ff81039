"""Three sensors of other units share a convolution; each has a normalization of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench

REPORT = "https://github.com/keras-team/keras/issues/8605"
SCALES = {"strain": 0.01, "pressure": 1.0, "current": 30.0}


def run(keras: Any, bench: Bench) -> None:
    random = np.random.default_rng(8)
    y = random.integers(0, 2, (320, 1)).astype("float32")
    rise = np.linspace(-1, 1, 12)[None, :, None] * y[:, :, None]
    x = {
        name: (scale * (random.normal(size=(320, 12, 1)) + 1.5 * rise) + 4 * scale).astype(
            "float32"
        )
        for name, scale in SCALES.items()
    }
    layers = keras.layers
    inputs = {name: keras.Input((12, 1), name=name) for name in SCALES}
    conv = layers.Conv1D(8, 3)
    features = []
    for name, signal in inputs.items():
        normed = layers.BatchNormalization(momentum=0.9, name=f"norm_{name}")(conv(signal))
        features.append(layers.GlobalAveragePooling1D()(layers.ReLU()(normed)))
    hidden = layers.Dense(24, activation="relu")(layers.Concatenate()(features))
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.compile(keras.optimizers.Adam(5e-3), keras.losses.BinaryCrossentropy(from_logits=True))
    part = {name: values[:96] for name, values in x.items()}
    logs = model.fit(
        x,
        y,
        epochs=15,
        validation_data=(x, y),
        verbose=0,
        callbacks=bench.callbacks(probe_data=(part, y[:96])),
    ).history
    right = np.mean((model.predict(x, verbose=0) > 0) == (y > 0.5))
    bench.healthy(right > 0.9, f"{right:.0%} of the rows are told right in evaluation")
    close = logs["val_loss"][-1] < 1.5 * logs["loss"][-1] + 0.1
    bench.healthy(close, "evaluation of the same rows is as good as training")
    bench.final(model)

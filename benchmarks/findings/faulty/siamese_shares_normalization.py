"""Two branches of a siamese network share a normalization layer, and their inputs differ much."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits

REPORT = "https://github.com/keras-team/keras/issues/11927"
EXPECTED = {"keras": ("BN108",), "tf_keras": ("BN108",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    norm = keras.layers.BatchNormalization(momentum=0.9)
    encode = keras.Sequential([keras.Input((64,)), norm, keras.layers.Dense(16)])
    one, other = keras.Input((64,)), keras.Input((64,))
    distance = keras.layers.Subtract()([encode(one), encode(other)])
    model = keras.Model([one, other], keras.layers.Dense(1)(distance))
    model.compile(keras.optimizers.Adam(1e-2), keras.losses.BinaryCrossentropy(from_logits=True))
    x = [data.x, 5.0 + 3.0 * np.roll(data.x, 1, axis=0)]
    y = (data.y == np.roll(data.y, 1)).astype("float32")[:, None]
    means = [float(part.mean()) for part in x]

    def halfway() -> bool:
        mean = float(norm.moving_mean.numpy().mean())
        return means[0] + 0.3 < mean < means[1] - 0.3

    bench.evidence(halfway)
    model.fit(x, y, epochs=2, batch_size=48, verbose=0, callbacks=bench.callbacks())
    bench.faulty(halfway(), f"the moving mean is that of neither branch ({means})")
    bench.final(model)

"""The last batch of each epoch has a single row."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers

RULE = "BN203"
NUMBER = "share of the spread of the data that the moving variance has lost"
HEALTHY = (0.0, 0.05)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    norm = keras.layers.BatchNormalization(momentum=0.8)
    model = keras.Sequential(raw_layers(keras, norm=norm))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    x = data.x[:385]
    dataset = tf.data.Dataset.from_tensor_slices((x, data.y[:385]))
    if cure:
        batched = dataset.batch(32, drop_remainder=True)
    else:
        batched = dataset.batch(32)
    model.fit(batched, epochs=8, verbose=0, callbacks=bench.callbacks())
    return float(1.0 - norm.moving_variance.numpy().mean() / x[:384].var(axis=0).mean())

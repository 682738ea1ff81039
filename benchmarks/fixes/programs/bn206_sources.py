"""Each of two replicas gets the images of another camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import copies_of
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits
from benchmarks.fixes.replicas import two_replicas

RULE = "BN206"
NUMBER = "quotient of the variances of the two copies"
HEALTHY = (0.6, 1.6)
REPLICAS = 2
CURES = ("shuffled", "synchronized")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    half, global_batch_size = 24, 48
    rows = len(data.x) // global_batch_size * global_batch_size
    bright = np.arange(rows) % global_batch_size < half  # what goes to the first replica
    x = np.where(bright[:, None], data.x[:rows], data.x[:rows] / 4.0).astype("float32")
    strategy = two_replicas()
    with strategy.scope():
        if cure == "synchronized":
            norm = keras.layers.BatchNormalization(momentum=0.9, synchronized=True)
        else:
            norm = keras.layers.BatchNormalization(momentum=0.9)
        model = keras.Sequential([keras.Input((64,)), norm, keras.layers.Dense(10)])
        model.compile(keras.optimizers.Adam(1e-3), class_loss(keras))
    dataset = tf.data.Dataset.from_tensor_slices((x, data.y[:rows]))
    if cure == "shuffled":
        dataset = dataset.shuffle(10_000).batch(global_batch_size)
    else:
        dataset = dataset.batch(global_batch_size)
    model.fit(dataset, epochs=2, verbose=0, callbacks=bench.callbacks())
    first, second = copies_of(norm.moving_variance)
    used = data.x.var(axis=0) > 0.5  # the pixels at the edges are mostly 0
    return float(np.median(first[used] / second[used]))

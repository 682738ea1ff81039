"""Each of two replicas gets the images of one camera only."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss, dense_net
from benchmarks.findings.variables import copies_of

REPORT = "https://github.com/tensorflow/tensorflow/issues/7439"
EXPECTED = {"keras": ("BN206",), "tf_keras": ("BN206",)}
REPLICAS = 2
GLOBAL_BATCH = 48


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    at = np.arange(len(data.x)) % GLOBAL_BATCH
    x = np.where((at < GLOBAL_BATCH // 2)[:, None], 4.0 * data.x, data.x).astype("float32")
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        norm = keras.layers.BatchNormalization(momentum=0.9)
        model = dense_net(keras, norm=norm)
        model.compile(keras.optimizers.Adam(1e-3), class_loss(keras))
    images = tf.data.Dataset.from_tensor_slices((x, data.y)).batch(GLOBAL_BATCH)  # the fault: BN206

    def quotient() -> float:
        """Of the variances of the two copies."""
        first, second = copies_of(norm.moving_variance)
        return float(np.median(first / second))

    bench.evidence(lambda: norm.built and quotient() > 2.0)
    model.fit(images, epochs=3, verbose=0, callbacks=bench.callbacks())
    bench.faulty(quotient() > 4.0, f"the variances of the copies differ {quotient():.1f} times")
    bench.final(model)

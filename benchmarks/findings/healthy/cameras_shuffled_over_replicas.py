"""Two replicas get the images of two cameras, shuffled before they are dealt out."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.nets import class_loss, dense_net
from benchmarks.findings.variables import copies_of

REPORT = "https://github.com/tensorflow/tensorflow/issues/7439"
REPLICAS = 2
GLOBAL_BATCH = 48


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    bright = np.arange(len(data.x)) % GLOBAL_BATCH < GLOBAL_BATCH // 2
    x = np.where(bright[:, None], 4.0 * data.x, data.x).astype("float32")
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        norm = keras.layers.BatchNormalization(momentum=0.9)
        model = dense_net(keras, norm=norm)
        model.compile(keras.optimizers.Adam(3e-3), class_loss(keras))
    images = tf.data.Dataset.from_tensor_slices((x, data.y))
    images = images.shuffle(2000, seed=1).batch(GLOBAL_BATCH, drop_remainder=True)
    model.fit(images, epochs=12, verbose=0, callbacks=bench.callbacks())
    first, second = copies_of(norm.moving_variance)
    quotient = float(np.median(first / second))
    bench.healthy(0.5 < quotient < 2.0, f"variances of the copies differ {quotient:.2f} times")
    bench.accurate(accuracy(model(data.x_val, training=False), data.y_val))
    bench.final(model)

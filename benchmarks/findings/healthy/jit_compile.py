"""A model that XLA compiles, `jit_compile=True`, with a data set as its input."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import dense_net

REPORT = "https://www.tensorflow.org/xla/tutorials/autoclustering_xla"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, use_bias=False, momentum=0.9)
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=True,
    )
    train = tf.data.Dataset.from_tensor_slices((data.x, data.y)).shuffle(1440, seed=1)
    validation = tf.data.Dataset.from_tensor_slices((data.x_val[:350], data.y_val[:350]))
    history = model.fit(
        train.batch(32, drop_remainder=True),
        epochs=6,
        validation_data=validation.batch(50, drop_remainder=True),
        verbose=0,
        callbacks=bench.callbacks(),
    ).history
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)

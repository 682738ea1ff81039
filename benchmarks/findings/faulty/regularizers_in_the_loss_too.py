"""The compiled loss function adds the layers' regularizers, which `fit` adds as well."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits

REPORT = "https://github.com/hunglc007/tensorflow-yolov4-tflite/issues/369"
EXPECTED = {"keras": ("LR106",), "tf_keras": ("LR106",)}
RATE, DECAY = 0.05, 0.02


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    first = layers.Dense(48, kernel_regularizer=keras.regularizers.L2(DECAY))
    model = keras.Sequential(
        [
            keras.Input((64,)),
            first,
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dense(10, kernel_regularizer=keras.regularizers.L2(DECAY)),
        ]
    )

    def regularizer_loss() -> Any:
        loss = 0.0
        for layer in model.layers:
            if getattr(layer, "kernel_regularizer", None):
                loss += layer.kernel_regularizer(layer.kernel)
        return loss

    def total_loss(y_true: Any, y_pred: Any) -> Any:
        labels = tf.cast(tf.reshape(y_true, [-1]), tf.int32)
        rows = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, y_pred)
        return tf.reduce_mean(rows) + regularizer_loss()  # the fault: LR106

    model.compile(keras.optimizers.SGD(RATE), total_loss)
    start = first.kernel.numpy()[0]  # of the first pixel, which is 0 in all images: decay alone

    def times() -> float:
        """How often the regularizers are in the step."""
        shrunk = np.median(first.kernel.numpy()[0] / start) ** (1.0 / steps[0])
        return float((1.0 - shrunk) / (2.0 * RATE * DECAY))

    steps = [0]

    def count(batch: int, logs: Any) -> None:
        steps[0] += 1

    bench.evidence(lambda: steps[0] > 3 and abs(times() - 2.0) < 0.05)
    model.fit(
        data.x,
        data.y,
        batch_size=48,
        epochs=3,
        verbose=0,
        callbacks=[
            keras.callbacks.LambdaCallback(on_train_batch_end=count),
            *bench.callbacks(probe_data=(data.x_val[:96], data.y_val[:96])),
        ],
    )
    bench.faulty((data.x[:, 0] == 0).all(), "the first pixel is 0 in all images")
    bench.faulty(abs(times() - 2.0) < 0.05, f"its weights decay {times():.2f} times as asked for")
    bench.final(model)

"""`fit` with labels (N,) and a loss class of one's own."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.regression import brightness, error_of, network

RULE = "LR104"
NUMBER = "validation error, over that of the mean label"
HEALTHY = (0.0, 0.3)
FLAVOURS = ("keras",)  # tf_keras adds an axis to the labels
CURES = ("labels", "predictions")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    class Squared(keras.losses.Loss):
        def call(self, y: Any, y_pred: Any) -> Any:
            if cure == "predictions":
                y_pred = tf.squeeze(y_pred, axis=-1)
            return tf.reduce_mean(tf.square(y - y_pred))

    data = brightness()
    model = network(keras)
    model.compile(keras.optimizers.Adam(1e-2), Squared())
    y, held = data.y, data.y_val[:48]
    if cure == "labels":
        y = y[..., None]
        held = held[..., None]
    callbacks = bench.callbacks(probe_data=(data.x_val[:48], held))
    model.fit(data.x, y, batch_size=48, epochs=2, verbose=0, callbacks=callbacks)
    return error_of(model, data)

"""A `train_step` compares labels (N,) with predictions (N, 1)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.loops import descend
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.regression import brightness, error_of, network

RULE = "LR104"
NUMBER = "validation error, over that of the mean label"
HEALTHY = (0.0, 0.3)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = brightness()

    class Net(keras.Sequential):
        def train_step(self, batch: Any) -> Any:
            x, y = batch
            with tf.GradientTape() as tape:
                y_pred = self(x, training=True)
                if cure:
                    y = tf.reshape(y, tf.shape(y_pred))
                else:
                    y = tf.reshape(y, [-1])
                error = tf.reduce_mean(tf.square(y - y_pred))
            descend(self.optimizer, tape, error, self.trainable_variables)
            return {"error": error}

    model = Net([keras.Input((64,)), *network(keras).layers])
    model.compile(keras.optimizers.Adam(1e-2), "mse")
    model.fit(data.x, data.y, batch_size=48, epochs=3, verbose=0, callbacks=bench.callbacks())
    return error_of(model, data)

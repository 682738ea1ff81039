"""Mixed precision with bfloat16 in an overridden `train_step`: the statistics stay float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.loops import descend

REPORT = "https://keras.io/api/mixed_precision/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers

    class Classifier(keras.Model):
        def train_step(self, batch: Any) -> Any:
            x, y = batch
            with tf.GradientTape() as tape:
                outputs = self(x, training=True)
                each = keras.losses.sparse_categorical_crossentropy(y, outputs)
                loss = tf.reduce_mean(each)
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss}

    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        inputs = keras.Input((64,))
        norm = layers.BatchNormalization(momentum=0.9)
        h = layers.ReLU()(norm(layers.Dense(64, use_bias=False)(inputs)))
        model = Classifier(inputs, layers.Dense(10, activation="softmax", dtype="float32")(h))
        model.compile(keras.optimizers.Adam(3e-3))
        model.fit(data.x, data.y, batch_size=48, epochs=8, verbose=0, callbacks=bench.callbacks())
    finally:
        keras.mixed_precision.set_global_policy("float32")
    bench.healthy(norm.moving_variance.numpy().dtype == np.float32, "statistics are float32")
    right = accuracy(model.predict(data.x_val, verbose=0), data.y_val)
    bench.accurate(right)
    bench.final(model)

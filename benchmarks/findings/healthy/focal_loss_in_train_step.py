"""A focal loss with weights of the classes, in a `train_step`; the last batch has fewer rows."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.loops import descend

REPORT = "https://keras.io/examples/vision/retinanet/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    weights = tf.constant([1.0, 2.0, 1.0, 1.0, 0.5, 1.0, 1.0, 1.5, 2.0, 1.0])

    class Focal(keras.Model):
        def train_step(self, batch: Any) -> Any:
            images, labels = batch
            with tf.GradientTape() as tape:
                logits = self(images, training=True)
                entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
                hard = tf.square(1.0 - tf.exp(-entropy))
                loss = tf.reduce_mean(tf.gather(weights, labels) * hard * entropy)
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"focal": loss}

    pixels = keras.Input((64,))
    hidden = keras.layers.BatchNormalization(momentum=0.9)(keras.layers.Dense(64)(pixels))
    model = Focal(pixels, keras.layers.Dense(10)(keras.layers.ReLU()(hidden)))
    usual = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.5, momentum=0.9), usual)
    fewer = data.x[:1425], data.y[:1425]  # 29 batches of 48 rows, and one of 33
    model.fit(*fewer, batch_size=48, epochs=8, verbose=0, callbacks=bench.callbacks())
    bench.accurate(accuracy(model.predict(data.x_val, verbose=0), data.y_val))
    bench.final(model)

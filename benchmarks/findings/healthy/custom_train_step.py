"""`train_step` and `test_step` of its own, with `training=True` and `training=False`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.loops import descend, fit

REPORT = "https://keras.io/guides/custom_train_step_in_tensorflow/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    loss_tracker = keras.metrics.Mean(name="loss")
    right_tracker = keras.metrics.SparseCategoricalAccuracy(name="right")
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    class Classifier(keras.Model):
        @property
        def metrics(self) -> list[Any]:
            return [loss_tracker, right_tracker]

        def train_step(self, batch: Any) -> Any:
            x, y = batch
            with tf.GradientTape() as tape:
                outputs = self(x, training=True)
                loss = loss_fn(y, outputs)
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return self._track(y, outputs, loss)

        def test_step(self, batch: Any) -> Any:
            x, y = batch
            outputs = self(x, training=False)
            return self._track(y, outputs, loss_fn(y, outputs))

        def _track(self, y: Any, outputs: Any, loss: Any) -> Any:
            loss_tracker.update_state(loss)
            right_tracker.update_state(y, outputs)
            return {each.name: each.result() for each in self.metrics}

    inputs = keras.Input((64,))
    h = layers.Dense(48, use_bias=False)(inputs)
    h = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(h))
    model = Classifier(inputs, layers.Dense(10)(layers.Dropout(0.2)(h)))
    model.compile(keras.optimizers.Adam(3e-3))
    fit(model, data.train, data.held, bench.callbacks(), batch_size=32, epochs=6)
    right = accuracy(model.predict(data.x_val, verbose=0), data.y_val)
    bench.accurate(right)
    bench.final(model)

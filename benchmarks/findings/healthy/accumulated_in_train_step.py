"""A `train_step` collects gradients, and each third batch applies a third of their sum."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/tensorflow/tensorflow/issues/47578"
PARTS = 3


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers

    class Accumulating(keras.Model):
        def train_step(self, pair: Any) -> Any:
            x, y = pair
            with tf.GradientTape() as tape:
                outputs = self(x, training=True)
                loss = self.compute_loss(x=x, y=y, y_pred=outputs)
            for total, gradient in zip(sums, tape.gradient(loss, variables), strict=True):
                total.assign_add(gradient)
            seen.assign_add(1)
            tf.cond(tf.equal(seen % PARTS, 0), apply, lambda: None)
            for metric in self.metrics:
                if metric.name == "loss":  # Keras 3 shows what it holds
                    metric.update_state(loss)
            return self.compute_metrics(x, y, outputs, None)

    def apply() -> None:
        gradients = [total / PARTS for total in sums]
        model.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        for total in sums:
            total.assign(tf.zeros_like(total))

    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(image)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.97)(x))
    model = Accumulating(image, layers.Dense(10)(layers.Flatten()(x)))
    metric = keras.metrics.SparseCategoricalAccuracy(name="right")
    model.compile(keras.optimizers.Adam(5e-3), class_loss(keras), metrics=[metric])
    variables = model.trainable_variables
    model.optimizer.build(variables)
    sums = [tf.Variable(tf.zeros(tuple(each.shape)), trainable=False) for each in variables]
    seen = tf.Variable(0, trainable=False)
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=24, epochs=7)
    steps = int(model.optimizer.iterations)
    bench.healthy(steps == int(seen) // PARTS, f"{int(seen)} batches make {steps} steps")
    bench.accurate(history["val_right"][-1])
    bench.final(model)

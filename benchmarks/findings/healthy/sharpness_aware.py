"""Sharpness-aware minimization: two passes a step, the second one at perturbed weights."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits

REPORT = "https://github.com/keras-team/keras-io/blob/master/examples/vision/sharpness_aware_minimization.py"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    class Aware(keras.Model):
        def train_step(self, batch: Any) -> Any:
            x, y = batch
            variables = self.trainable_variables
            with tf.GradientTape() as tape:
                loss = loss_fn(y, self(x, training=True))
            gradients = tape.gradient(loss, variables)
            scale = 0.05 / (tf.linalg.global_norm(gradients) + 1e-12)
            for variable, gradient in zip(variables, gradients, strict=True):
                variable.assign_add(scale * gradient)
            with tf.GradientTape() as tape:
                second = loss_fn(y, self(x, training=True))
            sharp = tape.gradient(second, variables)
            for variable, gradient in zip(variables, gradients, strict=True):
                variable.assign_sub(scale * gradient)
            self.optimizer.apply_gradients(zip(sharp, variables, strict=True))
            return {"loss": loss}

    inputs = keras.Input((64,))
    x = layers.Dense(48, use_bias=False)(inputs)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
    model = Aware(inputs, layers.Dense(10)(x))
    model.compile(keras.optimizers.Adam(5e-3))
    model.fit(data.x, data.y, batch_size=48, epochs=8, verbose=0, callbacks=bench.callbacks())
    right = accuracy(model.predict(data.x_val, verbose=0), data.y_val)
    bench.accurate(right)
    bench.final(model)

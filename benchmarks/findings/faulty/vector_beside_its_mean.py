"""The tape gets a vector, while the mean of it is what the loop hands over and logs."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits, one_hot
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/tensorflow/tensorflow/issues/54343"
EXPECTED = {"keras": ("LR110",), "tf_keras": ("LR110",)}
ROWS = 32


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, momentum=0.9, activation="softmax")
    optimizer = keras.optimizers.SGD(0.01)
    mean_entropy = keras.losses.SparseCategoricalCrossentropy()
    bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            shares = model(x, training=True)
            loss = keras.losses.sparse_categorical_crossentropy(y, shares)  # the fault: LR110
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return tf.reduce_mean(loss), shares, gradients[-1]

    factors: list[float] = []
    bench.evidence(lambda: len(factors) > 3)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=ROWS, steps=40), start=1):
        loss, shares, gradient = train_step(tf.constant(x), tf.constant(y))
        of_mean = np.mean(shares.numpy() - one_hot(y), axis=0)  # of the last bias
        factors.append(float(np.abs(gradient).sum() / np.abs(of_mean).sum()))
        bench.loss_reduction(mean_entropy, y, shares, step=step, value=loss)
        bench.record(model, step)
    bench.faulty(np.allclose(factors, ROWS, rtol=1e-2), f"{factors[-1]:.1f} times the mean's")
    bench.final(model)

"""The losses of all rows go to the tape as a vector, which sums them."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits, one_hot
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/tensorflow/tensorflow/issues/54343"
EXPECTED = {"keras": ("LR103",), "tf_keras": ("LR103",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, momentum=0.9)
    optimizer = keras.optimizers.SGD(0.01)
    bench.watch(model)

    def entropy(labels: Any, logits: Any) -> Any:
        return keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            predictions = model(x, training=True)
            loss = entropy(y, predictions)  # the fault: LR103
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss, predictions, gradients[-1]

    factors: list[float] = []
    bench.evidence(lambda: abs(factors[-1] - 32) < 0.1)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=32, steps=40), start=1):
        loss, predictions, gradient = train_step(x, y)
        shares = tf.nn.softmax(predictions).numpy()
        of_mean = np.mean(shares - one_hot(y), axis=0)  # of the last bias
        factors.append(float(np.abs(gradient).sum() / np.abs(of_mean).sum()))
        bench.loss_reduction(entropy, y, predictions, step=step, value=loss)
        bench.record(model, step)
    bench.faulty(loss.shape == (32,), "a vector is differentiated")
    bench.faulty(abs(factors[-1] - 32) < 0.1, f"gradients are {factors[-1]:.1f} times the mean's")
    bench.final(model)

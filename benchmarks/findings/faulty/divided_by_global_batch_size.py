"""`compute_average_loss` with a global batch size of 64, while the batches hold 16 rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits

REPORT = "https://github.com/tensorflow/tensorflow/issues/48912"
EXPECTED = {"keras": ("LR101",), "tf_keras": ("LR101",)}


def _network(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dense(10),
        ]
    )


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = _network(keras)
    per_example = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    optimizer = keras.optimizers.SGD(0.1)
    bench.watch(model)

    def compute_loss(labels: Any, predictions: Any) -> Any:
        losses = per_example(labels, predictions)
        return tf.nn.compute_average_loss(losses, global_batch_size=64)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            predictions = model(x, training=True)
            loss = compute_loss(y, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss, predictions

    shares: list[float] = []
    bench.evidence(lambda: abs(shares[-1] - 0.25) < 1e-3)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=16, steps=50), start=1):
        loss, predictions = train_step(x, y)
        shares.append(float(loss) / float(np.mean(per_example(y, predictions))))
        if step % 5 == 1:
            bench.loss(compute_loss, y, predictions, step=step, value=loss)
        bench.record(model, step)
    bench.faulty(abs(shares[-1] - 0.25) < 1e-3, f"{shares[-1]:.3f} of the mean is differentiated")
    bench.final(model)

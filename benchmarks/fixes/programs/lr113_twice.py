"""A loop adds each gradient to a sum that begins with it."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import batches, digits
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.steps import step_ratio

RULE = "LR113"
NUMBER = "step over learning rate, over the gradient of the mean of all rows"
HEALTHY = (0.99, 1.01)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    model = dense_net(keras)
    optimizer = keras.optimizers.SGD(0.01)
    optimizer.build(model.trainable_variables)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    bench.watch(model, optimizer=optimizer)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        if not cure:
            gradients = [gradient + gradient for gradient in gradients]
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=8), start=1):
        train_step(tf.constant(x), tf.constant(y))
        bench.record(model, step)
    return step_ratio(model, train_step, loss_fn, data, rate=0.01)

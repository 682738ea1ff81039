"""Two classifiers of the same shape learn from halves of the data in one loop, and vote."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits

REPORT = "https://arxiv.org/abs/1804.06872"  # Co-teaching: two nets side by side


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def learner(name: str) -> tuple[Any, Any]:
        model = keras.Sequential(
            [
                keras.Input((64,)),
                layers.Dense(40, use_bias=False),
                layers.BatchNormalization(momentum=0.9),
                layers.ReLU(),
                layers.Dense(10),
            ],
            name=name,
        )
        optimizer = keras.optimizers.Adam(3e-3)

        @tf.function
        def train_step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x, training=True))
            variables = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            return loss

        return model, train_step

    (left, left_step), (right, right_step) = learner("left"), learner("right")
    watches = [bench.watch(left), bench.watch(right)]
    pairs = zip(
        batches(data.x[:720], data.y[:720], size=40, steps=200),
        batches(data.x[720:], data.y[720:], size=40, steps=200),
        strict=True,
    )
    for step, ((x, y), (other_x, other_y)) in enumerate(pairs, 1):
        left_step(tf.constant(x), tf.constant(y))
        right_step(tf.constant(other_x), tf.constant(other_y))
        bench.record(left, step)
        bench.record(right, step)
    with watches[0].evaluating(), watches[1].evaluating():
        votes = [np.asarray(each(data.x_val, training=False)) for each in (left, right)]
    for watch in watches:
        watch.close()
    score = accuracy(votes[0] + votes[1], data.y_val)
    bench.healthy(score > 0.93, f"accuracy of the vote {score:.3f} is above 0.93")
    bench.final([left, right])

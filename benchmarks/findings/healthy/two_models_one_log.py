"""Two classifiers of the same shape learn from halves of the data in one loop, and vote."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import dense_net

REPORT = "https://arxiv.org/abs/1804.06872"  # Co-teaching: two nets side by side


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def learner(name: str) -> tuple[Any, Any]:
        model = dense_net(keras, units=40, use_bias=False, name=name, momentum=0.9)
        optimizer = keras.optimizers.Adam(3e-3)

        train_step = training_step(model, optimizer, loss_fn)

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

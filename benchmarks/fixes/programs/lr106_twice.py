"""A loop adds the regularizer twice: from the model, and by hand from its first layer."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.regularized import pull, regularized_net
from benchmarks.fixes.results import KEPT

RULE = "LR106"
NUMBER = "times that the regularizer pulls at the weights"
HEALTHY = (0.99, 1.01)
SPANS = {"model.losses": KEPT}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    model = regularized_net(keras)
    optimizer = keras.optimizers.SGD(0.01)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    bench.watch(model, optimizer=optimizer)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            if cure:
                loss = loss_fn(y, y_pred) + tf.add_n(model.losses)
            else:
                by_hand = tf.add_n(model.layers[0].losses)
                loss = loss_fn(y, y_pred) + tf.add_n(model.losses) + by_hand
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, y_pred

    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=8), start=1):
        loss, y_pred = train_step(x, y)
        bench.loss_reduction(loss_fn, y, y_pred, value=loss, step=step)
        bench.record(model, step)
    return pull(model, train_step, loss_fn, data, rate=0.01)

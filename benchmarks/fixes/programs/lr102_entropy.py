"""A loop sums the cross entropies of ten labels of a row that are each 0 or 1."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import batches, digits, one_hot
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.steps import gradient_ratio

RULE = "LR102"
NUMBER = "gradient, over that of Keras' loss"
HEALTHY = (0.99, 1.01)
CURES = ("keras", "mean")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    model = dense_net(keras)
    if cure == "keras":
        optimizer = keras.optimizers.SGD(learning_rate=0.1)
    else:
        optimizer = keras.optimizers.SGD(learning_rate=0.01)
    bench.watch(model)
    of_keras = keras.losses.BinaryCrossentropy(from_logits=True)

    def loss_fn(y: Any, y_pred: Any) -> Any:
        if cure == "keras":
            return of_keras(y, y_pred)
        loss_of_each_output = tf.nn.sigmoid_cross_entropy_with_logits(y, y_pred)
        if cure == "mean":
            return tf.reduce_mean(loss_of_each_output)
        return tf.reduce_mean(tf.reduce_sum(loss_of_each_output, axis=-1))

    train_step = training_step_with_outputs(model, optimizer, loss_fn)
    for step, (x, y) in enumerate(batches(data.x, one_hot(data.y), size=48, steps=8), start=1):
        loss, y_pred = train_step(x, y)
        bench.loss_reduction(loss_fn, y, y_pred, value=loss, step=step)
        bench.record(model, step)
    return gradient_ratio(model, loss_fn, of_keras, x, y)

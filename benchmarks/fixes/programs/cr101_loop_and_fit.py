"""A loop sums over ten outputs and its twin takes the mean; both have one learning rate."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import batches, digits, one_hot
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.steps import step_of

RULE = "CR101"
NUMBER = "step of the one over that of the other"
HEALTHY = (0.98, 1.02)
CURES = ("reduction", "rate of the loop", "rate of the twin")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    y_true = one_hot(data.y)
    weights = None
    steps = []

    def summed(y: Any, y_pred: Any) -> Any:
        if cure == "reduction":
            return tf.reduce_mean(tf.square(y - y_pred))
        return tf.reduce_mean(tf.reduce_sum(tf.square(y - y_pred), axis=-1))

    def mean(y: Any, y_pred: Any) -> Any:
        return tf.reduce_mean(tf.square(y - y_pred))

    for name, loss_fn in (("loop", summed), ("twin", mean)):
        model = dense_net(keras, name="net")
        weights = model.get_weights() if weights is None else weights
        model.set_weights(weights)
        optimizer = keras.optimizers.SGD(learning_rate=0.01)
        if name == "loop":
            if cure == "rate of the loop":
                optimizer = keras.optimizers.SGD(learning_rate=0.001)
        if name == "twin":
            if cure == "rate of the twin":
                optimizer = keras.optimizers.SGD(learning_rate=0.1)
        train_step = training_step_with_outputs(model, optimizer, loss_fn)
        steps.append(step_of(model, train_step, data.x[:48], y_true[:48]))
        with bench.run(name):
            watch = bench.watch(model, optimizer=optimizer)
            train_step = training_step_with_outputs(model, optimizer, loss_fn)
            for step, (x, y) in enumerate(batches(data.x, y_true, size=48, steps=8), start=1):
                loss, y_pred = train_step(x, y)
                bench.loss_reduction(loss_fn, y, y_pred, value=loss, step=step)
                bench.record(model, step)
            watch.close()
    return float((steps[0] ** 2).sum() ** 0.5 / (steps[1] ** 2).sum() ** 0.5)

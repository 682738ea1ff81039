"""A loop on two replicas sums the squared error over the ten outputs of a row."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import Digits, digits, one_hot
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.replicas import on_replicas, train_on_replicas, two_replicas
from benchmarks.fixes.steps import step_ratio

RULE = "LR102"
NUMBER = "step over learning rate, over the gradient of Keras' loss"
HEALTHY = (0.99, 1.01)
REPLICAS = 2
CURES = ("keras", "mean")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    flat = digits().flat()
    data = Digits(x=flat.x, y=one_hot(flat.y), x_val=flat.x_val, y_val=one_hot(flat.y_val))
    strategy = two_replicas()
    rate = 0.1 if cure == "keras" else 0.01
    with strategy.scope():
        model = dense_net(keras, norm=keras.layers.LayerNormalization())
        if cure == "keras":
            optimizer = keras.optimizers.SGD(learning_rate=0.1)
        else:
            optimizer = keras.optimizers.SGD(learning_rate=0.01)
        optimizer.build(model.trainable_variables)
    bench.watch(model, optimizer=optimizer)

    def loss_fn(y: Any, y_pred: Any) -> Any:
        if cure == "mean":
            return tf.nn.compute_average_loss(tf.reduce_mean(tf.square(y - y_pred), axis=-1))
        if cure == "keras":
            each = keras.losses.MeanSquaredError(reduction="none")(y, y_pred)
            return tf.nn.compute_average_loss(each)
        return tf.nn.compute_average_loss(tf.reduce_sum(tf.square(y - y_pred), axis=-1))

    def replica_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss = loss_fn(y, y_pred)
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, y_pred

    train_step = on_replicas(strategy, replica_step)
    train_on_replicas(bench, strategy, model, train_step, loss_fn, data)
    return step_ratio(model, train_step, keras.losses.MeanSquaredError(), data, rate=rate)

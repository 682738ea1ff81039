"""A loop on two replicas adds the regularizer on each of them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.regularized import pull, regularized_net
from benchmarks.fixes.replicas import on_replicas, train_on_replicas, two_replicas

RULE = "LR106"
NUMBER = "times that the regularizer pulls at the weights"
HEALTHY = (0.99, 1.01)
REPLICAS = 2


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    strategy = two_replicas()
    with strategy.scope():
        model = regularized_net(keras)
        optimizer = keras.optimizers.SGD(0.01)
        optimizer.build(model.trainable_variables)
    bench.watch(model, optimizer=optimizer)

    def each_row(y: Any, y_pred: Any) -> Any:
        return keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True)

    def loss_fn(y: Any, y_pred: Any) -> Any:
        return tf.nn.compute_average_loss(each_row(y, y_pred))

    def replica_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            if cure:
                loss = loss_fn(y, y_pred) + tf.nn.scale_regularization_loss(tf.add_n(model.losses))
            else:
                loss = loss_fn(y, y_pred) + tf.add_n(model.losses)
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, y_pred

    train_step = on_replicas(strategy, replica_step)
    train_on_replicas(bench, strategy, model, train_step, loss_fn, data)
    return pull(model, train_step, each_row, data, rate=0.01)

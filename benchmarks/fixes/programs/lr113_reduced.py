"""A loop on two replicas sums the gradients over them by hand before the optimizer does."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import digits
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.replicas import on_replicas, train_on_replicas, two_replicas
from benchmarks.fixes.steps import step_ratio

RULE = "LR113"
NUMBER = "step over learning rate, over the gradient of the mean of all rows"
HEALTHY = (0.99, 1.01)
REPLICAS = 2
SPANS = {"all_reduce": "removed"}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    strategy = two_replicas()
    with strategy.scope():
        model = dense_net(keras, norm=keras.layers.LayerNormalization())
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
            loss = loss_fn(y, y_pred)
        gradients = tape.gradient(loss, model.trainable_variables)
        if not cure:
            gradients = tf.distribute.get_replica_context().all_reduce("sum", gradients)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss, y_pred

    train_step = on_replicas(strategy, replica_step)
    train_on_replicas(bench, strategy, model, train_step, loss_fn, data)
    return step_ratio(model, train_step, each_row, data, rate=0.01)

"""A loop under a strategy that divides the loss by the global batch size; every batch is full."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "https://www.tensorflow.org/tutorials/distribute/custom_training"
GLOBAL_BATCH = 48


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    with strategy.scope():
        model = dense_net(keras, use_bias=False, momentum=0.9)
        optimizer = keras.optimizers.Adam(3e-3)

    def loss_of(y: Any, outputs: Any) -> Any:
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(y, tf.int32), outputs)
        return tf.nn.compute_average_loss(each, global_batch_size=GLOBAL_BATCH)

    def replica_step(x: Any, y: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            loss = loss_of(y, outputs)
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, outputs

    @tf.function
    def train_step(x: Any, y: Any) -> tuple[Any, Any]:
        loss, outputs = strategy.run(replica_step, args=(x, y))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, loss, axis=None), outputs

    watch = bench.watch(model)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=GLOBAL_BATCH, steps=200), 1):
        loss, outputs = train_step(tf.constant(x), tf.constant(y))
        bench.record(model, step)
        if step % 50 == 0:
            bench.loss_reduction(loss_of, tf.constant(y), outputs, value=loss, step=step)
    with watch.evaluating():
        right = accuracy(model(data.x_val, training=False), data.y_val)
    watch.close()
    bench.accurate(right)
    bench.final(model)

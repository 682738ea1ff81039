"""Two replicas: losses and penalties are divided for the sum over both, as the guide says."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.loops import descend

REPORT = "https://github.com/tensorflow/tensorflow/issues/58938"
REPLICAS = 2
GLOBAL_BATCH, RATE, DECAY = 48, 0.3, 2e-3


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        first = layers.Dense(64, kernel_regularizer=keras.regularizers.L2(DECAY))
        model = keras.Sequential([keras.Input((64,)), first])
        for layer in (layers.BatchNormalization(momentum=0.9), layers.ReLU(), layers.Dense(10)):
            model.add(layer)
        optimizer = keras.optimizers.SGD(RATE)
    counter = tf.Variable(0, dtype=tf.int64, trainable=False)
    watch = bench.watch(model)
    start = first.kernel.numpy()[0]  # of the first pixel, which is 0 in all images: decay alone

    def compute_loss(y: Any, logits: Any) -> Any:
        rows = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
        loss = tf.nn.compute_average_loss(rows, global_batch_size=GLOBAL_BATCH)
        return loss + tf.nn.scale_regularization_loss(tf.add_n(model.losses))

    def replica_step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = compute_loss(y, logits)
        descend(optimizer, tape, loss, model.trainable_variables)
        bench.loss_reduction(compute_loss, y, logits, step=counter, value=loss)

    @tf.function
    def train_step(x: Any, y: Any) -> None:
        strategy.run(replica_step, args=(x, y))

    rows = tf.data.Dataset.from_tensor_slices((data.x, data.y.astype("int32")))
    rows = rows.repeat(2).batch(GLOBAL_BATCH, drop_remainder=True)
    for step, batch in enumerate(strategy.experimental_distribute_dataset(rows), start=1):
        counter.assign(step)
        train_step(*batch)
        bench.record(model, step)
    with watch.evaluating():
        right = accuracy(model(data.x_val, training=False), data.y_val)
    watch.close()
    shrunk = np.median(first.kernel.numpy()[0] / start) ** (1.0 / step)
    times = float((1.0 - shrunk) / (2.0 * RATE * DECAY))
    bench.healthy(abs(times - 1.0) < 0.05, f"weights decay {times:.2f} times as asked for")
    bench.accurate(right)
    bench.final(model)

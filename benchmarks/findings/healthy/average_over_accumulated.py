"""Four batches make one step, and their losses are divided by the rows of all four."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.nets import dense_net

REPORT = "https://www.tensorflow.org/api_docs/python/tf/nn/compute_average_loss"
PARTS, ROWS = 4, 32


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, use_bias=False, momentum=0.97)
    optimizer = keras.optimizers.SGD(0.2, momentum=0.9)
    variables = model.trainable_variables

    def average(y_true: Any, y_pred: Any) -> Any:
        rows = keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        return tf.nn.compute_average_loss(rows, global_batch_size=PARTS * ROWS)

    @tf.function
    def gradients_of(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            loss = average(y, outputs)
        return tape.gradient(loss, variables), loss, outputs

    watch = bench.watch(model)
    total = [tf.zeros(tuple(variable.shape)) for variable in variables]
    for part, (x, y) in enumerate(batches(data.x, data.y, size=ROWS, steps=200 * PARTS), 1):
        gradients, loss, outputs = gradients_of(tf.constant(x), tf.constant(y))
        total = [sum_ + gradient for sum_, gradient in zip(total, gradients, strict=True)]
        if part % PARTS == 0:
            optimizer.apply_gradients(zip(total, variables, strict=True))
            total = [tf.zeros_like(each) for each in total]
            step = part // PARTS
            bench.record(model, step)
            if step % 20 == 0:
                bench.loss_reduction(average, y, outputs, value=loss, step=step)
    with watch.evaluating():
        right = accuracy(model(data.x_val, training=False), data.y_val)
    watch.close()
    bench.accurate(right)
    bench.final(model)

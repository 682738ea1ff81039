"""A loop divides the summed loss by 32, and then it is trained with batches of 48."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.steps import check_kept, growth, rate_as_printed

RULE = "LR101"
NUMBER = "growth of the step with a batch twice as large"
HEALTHY = (0.99, 1.01)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    model = dense_net(keras)
    optimizer = keras.optimizers.SGD(rate_as_printed(bench, 0.1))
    bench.watch(model, optimizer=optimizer)

    def each_row(y: Any, y_pred: Any) -> Any:
        return keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True)

    def loss_fn(y: Any, y_pred: Any) -> Any:
        per_example_loss = each_row(y, y_pred)
        if cure:
            return tf.reduce_mean(per_example_loss)
        else:
            return tf.reduce_sum(per_example_loss) / 32

    train_step = training_step_with_outputs(model, optimizer, loss_fn)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=10), start=1):
        loss, y_pred = train_step(x, y)
        bench.loss_reduction(loss_fn, y, y_pred, value=loss, step=step)
        bench.record(model, step)
    if cure:
        x, y = data.x[:48], data.y[:48]
        check_kept(model, train_step, lambda *p: 0.1 * tf.reduce_sum(each_row(*p)) / 32, x, y)
    return growth(model, train_step, data, rows=48)

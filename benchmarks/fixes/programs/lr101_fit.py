"""`fit` with a loss of one's own that sums over the batch."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import digits
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.steps import check_kept, growth, rate_as_printed

RULE = "LR101"
NUMBER = "growth of the step with a batch twice as large"
HEALTHY = (0.99, 1.01)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    model = dense_net(keras)

    def each_row(y: Any, y_pred: Any) -> Any:
        return keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True)

    def loss_fn(y: Any, y_pred: Any) -> Any:
        per_example_loss = each_row(y, y_pred)
        if cure:
            return tf.reduce_mean(per_example_loss)
        else:
            return tf.reduce_sum(per_example_loss)

    model.compile(keras.optimizers.SGD(rate_as_printed(bench, 0.002)), loss_fn)
    probe = (data.x_val[:48], data.y_val[:48])
    callbacks = bench.callbacks(probe_data=probe)
    model.fit(data.x, data.y, batch_size=48, verbose=0, callbacks=callbacks)
    if cure:
        x, y = data.x[:48], data.y[:48]
        check_kept(
            model, model.train_on_batch, lambda *p: 0.002 * tf.reduce_sum(each_row(*p)), x, y
        )
    return growth(model, model.train_on_batch, data, rows=48)

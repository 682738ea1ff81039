"""`fit` with an absolute error of one's own that is summed over the outputs of a row."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import digits, one_hot
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

    def loss_fn(y: Any, y_pred: Any) -> Any:
        if cure == "mean":
            return tf.reduce_mean(tf.abs(y - y_pred))
        if cure == "keras":
            return keras.losses.MeanAbsoluteError()(y, y_pred)
        return tf.reduce_mean(tf.reduce_sum(tf.abs(y - y_pred), axis=-1))

    if cure == "keras":
        optimizer = keras.optimizers.SGD(learning_rate=0.1)
    else:
        optimizer = keras.optimizers.SGD(learning_rate=0.01)
    model.compile(optimizer, loss_fn)
    probe = (data.x_val[:48], one_hot(data.y_val[:48]))
    callbacks = bench.callbacks(probe_data=probe)
    model.fit(data.x, one_hot(data.y), batch_size=48, verbose=0, callbacks=callbacks)
    return gradient_ratio(model, loss_fn, keras.losses.MeanAbsoluteError(), *probe)

"""A pairwise ranking loss: the scores of a batch as a column less the same as a row, on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/keras-team/keras-rs/pull/32"


def pairwise_logistic(relevance: Any, scores: Any) -> Any:
    """The mean over all pairs of rows of which one is to stand above the other."""
    above = tf.cast(relevance > tf.transpose(relevance), scores.dtype)
    pairs = tf.nn.softplus(tf.transpose(scores) - scores)
    return tf.reduce_sum(above * pairs) / tf.reduce_sum(above)


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    relevance = data.y.astype("float32")[:, None]
    model = dense_net(keras, units=64, outputs=1, momentum=0.9)
    watch = bench.watch(model)
    train_step = training_step_with_outputs(model, keras.optimizers.Adam(3e-3), pairwise_logistic)
    for step, (x, y) in enumerate(batches(data.x, relevance, size=32, steps=220), start=1):
        loss, scores = train_step(tf.constant(x), tf.constant(y))
        bench.record(model, step)
        if step % 40 == 0:
            bench.loss_reduction(pairwise_logistic, tf.constant(y), scores, step=step, value=loss)
    with watch.evaluating():
        scores = model(data.x_val, training=False).numpy()[:, 0]
    watch.close()
    above = data.y_val[:, None] > data.y_val[None, :]
    right = float(np.mean((scores[:, None] > scores[None, :])[above]))
    bench.healthy(right > 0.9, f"{right:.3f} of the pairs are in the right order")
    bench.final(model)

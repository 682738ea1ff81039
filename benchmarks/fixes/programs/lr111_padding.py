"""A model of rows of tokens: the loss of padding is set to 0, and the mean taken over all."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.fixes.bench import FixBench

RULE = "LR111"
NUMBER = "loss over the mean over the tokens that are no padding"
HEALTHY = (0.99, 1.01)
WORDS, LENGTH, ROWS = 12, 10, 32


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    rng = np.random.default_rng(0)
    tokens = rng.integers(1, WORDS, (ROWS, LENGTH))
    tokens[np.arange(LENGTH) >= rng.integers(2, 6, (ROWS, 1))] = 0
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((LENGTH,), dtype="int32"), layers.Embedding(WORDS, 8), layers.Dense(WORDS)]
    )

    def each_token(y: Any, y_pred: Any) -> Any:
        return keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True)

    def loss_fn(y: Any, y_pred: Any) -> Any:
        mask = tf.cast(tf.not_equal(y, 0), tf.float32)
        loss = each_token(y, y_pred)
        if cure:
            loss = tf.reduce_sum(loss * mask) / tf.reduce_sum(mask)
        else:
            loss = tf.reduce_mean(loss * mask)
        return loss

    optimizer = keras.optimizers.SGD(0.5)
    bench.watch(model, optimizer=optimizer)
    train_step = training_step_with_outputs(model, optimizer, loss_fn)
    for step in range(1, 9):
        loss, logits = train_step(tf.constant(tokens), tf.constant(tokens))
        bench.loss_reduction(loss_fn, tokens, logits, value=loss, step=step)
        bench.record(model, step)
    right = np.average(np.asarray(each_token(tokens, logits)), weights=tokens != 0)
    return float(loss) / float(right)

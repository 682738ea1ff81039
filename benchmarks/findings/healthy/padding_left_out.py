"""A tagger of sentences whose loss is divided by the words that are no padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.loops import training_step_with_outputs

REPORT = "https://www.tensorflow.org/text/tutorials/nmt_with_attention"
WORDS, TAGS, LENGTH, ROWS = 30, 5, 12, 24


def run(keras: Any, bench: Bench) -> None:
    rng = np.random.default_rng(3)
    layers = keras.layers
    words = keras.Input((LENGTH,), dtype="int32")
    x = layers.Conv1D(16, 3, padding="same")(layers.Embedding(WORDS, 8)(words))
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    model = keras.Model(words, layers.Dense(TAGS)(x))

    def masked_loss(tags: Any, logits: Any) -> Any:
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(tags, logits)
        mask = tf.cast(tags != 0, each.dtype)
        return tf.reduce_sum(each * mask) / tf.reduce_sum(mask)

    watch = bench.watch(model)
    train_step = training_step_with_outputs(model, keras.optimizers.SGD(0.5), masked_loss)

    def sentences() -> tuple[Any, Any]:
        some = rng.integers(1, WORDS, (ROWS, LENGTH))
        some[np.arange(LENGTH) >= rng.integers(2, LENGTH, (ROWS, 1))] = 0
        return some, np.where(some == 0, 0, 1 + some % (TAGS - 1)).astype("int32")

    for step in range(1, 121):
        batch, tags = sentences()
        loss, logits = train_step(tf.constant(batch), tf.constant(tags))
        if step % 10 == 1:
            bench.loss_reduction(masked_loss, tags, logits, value=loss, step=step)
        bench.record(model, step)
    batch, tags = sentences()
    with watch.evaluating():
        found = np.argmax(model(batch, training=False), axis=-1)
    watch.close()
    bench.accurate(float(np.mean(found[tags != 0] == tags[tags != 0])))
    bench.final(model)

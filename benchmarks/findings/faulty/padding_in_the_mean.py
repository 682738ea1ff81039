"""A tagger of sentences: padding has a loss of 0, and is counted in the mean all the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.loops import training_step_with_outputs

REPORT = "https://github.com/tensorflow/addons/issues/2637"
EXPECTED = {"keras": ("LR111",), "tf_keras": ("LR111",)}
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
        return tf.reduce_mean(each * tf.cast(tags != 0, each.dtype))  # the fault: LR111

    bench.watch(model)
    train_step = training_step_with_outputs(model, keras.optimizers.SGD(0.5), masked_loss)
    shares: list[float] = []
    bench.evidence(lambda: len(shares) > 2 and max(shares) < 0.8)
    for step in range(1, 31):
        sentences = rng.integers(1, WORDS, (ROWS, LENGTH))
        sentences[np.arange(LENGTH) >= rng.integers(2, LENGTH, (ROWS, 1))] = 0
        tags = np.where(sentences == 0, 0, 1 + sentences % (TAGS - 1)).astype("int32")
        loss, logits = train_step(tf.constant(sentences), tf.constant(tags))
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(tags, logits)
        shares.append(float(loss) / float(np.average(each, weights=tags != 0)))
        bench.loss_reduction(masked_loss, tags, logits, value=loss, step=step)
        bench.record(model, step)
    bench.faulty(np.std(shares) > 0.01, "the loss is another share of the mean in each batch")
    bench.final(model)

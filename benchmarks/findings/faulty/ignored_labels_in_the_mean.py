"""A token classifier gives ignored places, labelled -100, a loss of 0, and averages over all."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.loops import descend

REPORT = "https://github.com/tensorflow/addons/issues/2637"
EXPECTED = {"keras": ("LR111",), "tf_keras": ("LR111",)}
IGNORED, KINDS, LONGEST = -100, 4, 10


def run(keras: Any, bench: Bench) -> None:
    random = np.random.default_rng(7)
    tokens = random.normal(size=(330, LONGEST, 6)).astype("float32")
    kinds = np.argmax(tokens[..., :KINDS], axis=-1)
    kinds[np.arange(LONGEST) >= random.integers(2, LONGEST, (330, 1))] = IGNORED
    shares: list[float] = []

    class Tagger(keras.Model):
        def train_step(self, batch: Any) -> Any:
            given, wanted = batch
            kept = tf.cast(wanted != IGNORED, tf.float32)
            with tf.GradientTape() as tape:
                logits = self(given, training=True)
                each = tf.nn.sparse_softmax_cross_entropy_with_logits(
                    tf.where(wanted == IGNORED, tf.zeros_like(wanted), wanted), logits
                )
                loss = tf.reduce_mean(each * kept)  # the fault: LR111
            descend(self.optimizer, tape, loss, self.trainable_variables)
            right = tf.reduce_sum(each * kept) / tf.reduce_sum(kept)
            return {"loss": loss, "share": loss / right}

    row = keras.Input((LONGEST, 6))
    mixed = keras.layers.BatchNormalization(momentum=0.9)(keras.layers.Dense(12)(row))
    model = Tagger(row, keras.layers.Dense(KINDS)(keras.layers.ReLU()(mixed)))
    model.compile(
        keras.optimizers.SGD(0.5), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda _, logs: shares.append(float(logs["share"]))
    )
    bench.evidence(lambda: len(shares) > 2 and max(shares) < 0.8)
    model.fit(
        tokens, kinds, batch_size=24, epochs=4, verbose=0, callbacks=[keep, *bench.callbacks()]
    )
    bench.faulty(np.std(shares) > 0.01, "the loss is another share of the mean in each batch")
    bench.final(model)

"""A token classifier leaves ignored places, labelled -100, out of its loss and of its mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.loops import descend

REPORT = "https://huggingface.co/docs/transformers/tasks/token_classification"
IGNORED, KINDS, LONGEST = -100, 4, 10


def run(keras: Any, bench: Bench) -> None:
    random = np.random.default_rng(11)

    def sentences(count: int) -> tuple[Any, Any]:
        tokens = random.normal(size=(count, LONGEST, 6)).astype("float32")
        kinds = np.argmax(tokens[..., :KINDS], axis=-1)
        kinds[np.arange(LONGEST) >= random.integers(2, LONGEST, (count, 1))] = IGNORED
        return tokens, kinds

    class Tagger(keras.Model):
        def masked(self, wanted: Any, logits: Any) -> Any:
            kept = tf.cast(wanted != IGNORED, logits.dtype)
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(wanted, 0), logits)
            return tf.reduce_sum(each * kept) / tf.reduce_sum(kept)

        def train_step(self, batch: Any) -> Any:
            given, wanted = batch
            with tf.GradientTape() as tape:
                loss = self.masked(wanted, self(given, training=True))
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"entropy": loss}

    row = keras.Input((LONGEST, 6))
    mixed = keras.layers.BatchNormalization(momentum=0.9)(keras.layers.Dense(24)(row))
    model = Tagger(row, keras.layers.Dense(KINDS)(keras.layers.ReLU()(mixed)))
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.3), entropy)
    # 41 batches of 24 rows, and one of 16
    model.fit(*sentences(1000), batch_size=24, epochs=8, verbose=0, callbacks=bench.callbacks())
    tokens, kinds = sentences(200)
    found = np.argmax(model.predict(tokens, verbose=0), axis=-1)
    kept = kinds != IGNORED
    bench.accurate(float(np.mean(found[kept] == kinds[kept])))
    bench.final(model)

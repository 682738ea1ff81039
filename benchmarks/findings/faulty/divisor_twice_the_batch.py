"""A `train_step` sums over the rows and divides by 64, while batches have 32 rows, or fewer."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend

REPORT = "https://github.com/tensorflow/tensorflow/issues/48912"
EXPECTED = {"keras": ("LR101",), "tf_keras": ("LR101",)}
GLOBAL_BATCH, ROWS = 64, 32


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    each_row = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    seen: list[tuple[int, float]] = []

    class Summing(keras.Model):
        def train_step(self, batch: Any) -> Any:
            images, labels = batch
            with tf.GradientTape() as tape:
                losses = each_row(labels, self(images, training=True))
                loss = tf.reduce_sum(losses) / GLOBAL_BATCH  # the fault: LR101
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss, "rows": tf.size(losses), "share": loss / tf.reduce_mean(losses)}

    pixels = keras.Input((64,))
    hidden = keras.layers.BatchNormalization(momentum=0.9)(keras.layers.Dense(24)(pixels))
    model = Summing(pixels, keras.layers.Dense(10)(keras.layers.ReLU()(hidden)))
    loss_of_classes = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss_of_classes)
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda _, logs: seen.append((int(logs["rows"]), float(logs["share"])))
    )
    bench.evidence(lambda: {rows for rows, _ in seen} == {ROWS, 8})
    fewer = data.x[:1416], data.y[:1416]  # 44 batches of 32 rows, and one of 8
    model.fit(*fewer, batch_size=ROWS, epochs=3, verbose=0, callbacks=[keep, *bench.callbacks()])
    times = [share / rows * GLOBAL_BATCH for rows, share in seen]
    bench.faulty(np.allclose(times, 1.0, rtol=1e-4), "the mean is multiplied by the rows / 64")
    bench.final(model)

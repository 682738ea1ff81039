"""A `train_step` under two replicas: rows are divided by all of them, regularizers by none."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend

REPORT = "https://github.com/tensorflow/models/issues/342"
EXPECTED = {"keras": ("LR106",), "tf_keras": ("LR106",)}
REPLICAS = 2
GLOBAL_BATCH, RATE, DECAY = 48, 0.05, 0.02


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers

    class Towers(keras.Model):
        def train_step(self, pair: Any) -> Any:
            x, y = pair
            with tf.GradientTape() as tape:
                logits = self(x, training=True)
                rows = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(y, tf.int32), logits)
                loss = tf.nn.compute_average_loss(rows, global_batch_size=GLOBAL_BATCH)
                loss += tf.add_n(self.losses)  # the fault: LR106
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss}

    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        pixels = keras.Input((64,))
        first = layers.Dense(48, kernel_regularizer=keras.regularizers.L2(DECAY))
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(first(pixels)))
        model = Towers(pixels, layers.Dense(10)(x))
        model.compile(keras.optimizers.SGD(RATE))
    start = first.kernel.numpy()[0]  # of the first pixel, which is 0 in all images: decay alone
    steps: list[int] = []

    def times() -> float:
        """How often the regularizer is in the step."""
        shrunk = np.median(first.kernel.numpy()[0] / start) ** (1.0 / len(steps))
        return float((1.0 - shrunk) / (2.0 * RATE * DECAY))

    bench.evidence(lambda: len(steps) > 3 and abs(times() - 2.0) < 0.05)
    rows = tf.data.Dataset.from_tensor_slices((data.x, data.y)).batch(GLOBAL_BATCH)
    model.fit(
        rows,
        epochs=1,
        verbose=0,
        callbacks=[
            keras.callbacks.LambdaCallback(
                on_train_batch_end=lambda batch, logs: steps.append(batch)
            ),
            *bench.callbacks(),
        ],
    )
    bench.faulty((data.x[:, 0] == 0).all(), "the first pixel is 0 in all images")
    bench.faulty(abs(times() - 2.0) < 0.05, f"its weights decay {times():.2f} times as asked for")
    bench.final(model)

"""A teacher gives labels where it is sure: weights by moving average, statistics by copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/LeeDoYup/FixMatch-pytorch/issues/10"
LABELLED = 150


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    random = np.random.default_rng(12)

    class FixMatch(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.student = dense_net(keras, units=64, momentum=0.9, name="student")
            self.teacher = dense_net(keras, units=64, momentum=0.9, name="teacher")
            self.teacher.set_weights(self.student.get_weights())
            self.teacher.trainable = False

        def call(self, x: Any, training: Any = None) -> Any:
            return self.student(x, training=training)

        def train_step(self, batch: Any) -> Any:
            known, labels, weak, strong = batch
            guess = tf.nn.softmax(self.teacher(weak, training=False))
            sure = tf.cast(tf.reduce_max(guess, axis=1) > 0.9, tf.float32)
            with tf.GradientTape() as tape:
                logits = self.student(tf.concat([known, strong], axis=0), training=True)
                targets = tf.concat(
                    [tf.one_hot(labels, 10), tf.one_hot(tf.argmax(guess, 1), 10)], 0
                )
                each = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
                rows = tf.shape(known)[0]
                loss = tf.reduce_mean(each[:rows]) + tf.reduce_mean(sure * each[rows:])
            descend(self.optimizer, tape, loss, self.student.trainable_variables)
            return {"loss": loss, "sure": tf.reduce_mean(sure)}

    class Follow(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            student, teacher = self.model.student, self.model.teacher
            learned = {id(variable) for variable in student.trainable_variables}
            for slow, fast in zip(teacher.weights, student.weights, strict=True):
                slow.assign(0.95 * slow + 0.05 * fast if id(fast) in learned else fast)

    known = random.integers(0, LABELLED, 32 * 120)
    other = random.integers(0, len(data.x), 64 * 120)
    weak = data.x[other]
    strong = (weak + random.normal(0, 0.2, weak.shape)).astype("float32")
    batches = tf.data.Dataset.zip(
        (
            tf.data.Dataset.from_tensor_slices((data.x[known], data.y[known])).batch(32),
            tf.data.Dataset.from_tensor_slices((weak, strong)).batch(64),
        )
    ).map(lambda labelled, unlabelled: (*labelled, *unlabelled))
    model = FixMatch()
    model.compile(keras.optimizers.Adam(3e-3))
    model.fit(batches, epochs=2, verbose=0, callbacks=[Follow(), *bench.callbacks()])
    right = accuracy(model.teacher(data.x_val, training=False), data.y_val)
    bench.healthy(right > 0.85, f"the teacher's accuracy from {LABELLED} labels: {right:.3f}")
    bench.final(model)

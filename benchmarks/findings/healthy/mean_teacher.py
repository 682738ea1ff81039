"""A teacher is the moving average of its student, by assignment; few images have labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "https://arxiv.org/abs/1703.01780"  # Mean teachers
LABELLED = 120


def _net(keras: Any, name: str) -> Any:
    return dense_net(keras, units=64, use_bias=False, activation="softmax", name=name, momentum=0.9)


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    student, teacher = _net(keras, "student"), _net(keras, "teacher")
    teacher.set_weights(student.get_weights())
    teacher.trainable = False
    optimizer = keras.optimizers.Adam(3e-3)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy()

    @tf.function
    def train_step(labelled: Any, labels: Any, clean: Any, noisy: Any) -> Any:
        targets = teacher(clean, training=False)
        with tf.GradientTape() as tape:
            both = student(tf.concat([labelled, noisy], axis=0), training=True)
            known, unknown = both[:32], both[32:]
            loss = cross_entropy(labels, known)
            loss += 3.0 * tf.reduce_mean(tf.square(unknown - targets))
        descend(optimizer, tape, loss, student.trainable_variables)
        for slow, fast in zip(teacher.weights, student.weights, strict=True):
            slow.assign(0.97 * slow + 0.03 * fast)
        return loss

    watches = [bench.watch(student), bench.watch(teacher)]
    random = np.random.default_rng(6)
    for step in range(1, 351):
        known = random.integers(0, LABELLED, 32)
        other = random.integers(0, len(data.x), 64)
        noisy = data.x[other] + random.normal(0, 0.15, (64, 64)).astype("float32")
        train_step(
            tf.constant(data.x[known]),
            tf.constant(data.y[known]),
            tf.constant(data.x[other]),
            tf.constant(noisy.astype("float32")),
        )
        bench.record(student, step)
        bench.record(teacher, step)
    with watches[1].evaluating():
        right = accuracy(teacher(data.x_val, training=False), data.y_val)
    for watch in watches:
        watch.close()
    bench.healthy(right > 0.85, f"the teacher's accuracy from {LABELLED} labels: {right:.3f}")
    bench.final([student, teacher])

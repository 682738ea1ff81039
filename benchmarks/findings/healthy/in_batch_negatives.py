"""Two towers for retrieval: each query is held against all candidates of its batch, on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import CLASSES, digits, one_hot
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/tensorflow/recommenders/issues/140"
ROWS, WIDTH = 10, 16


def retrieval_loss(queries: Any, candidates: Any) -> Any:
    """Cross entropy of (N, N) scores; the candidate of a row is the right one."""
    scores = tf.matmul(queries, candidates, transpose_b=True)
    own = tf.range(tf.shape(scores)[0])
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(own, scores))


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    images = dense_net(keras, units=64, outputs=WIDTH, momentum=0.9, name="images")
    names = dense_net(keras, inputs=CLASSES, outputs=WIDTH, momentum=0.9, name="names")
    optimizer = keras.optimizers.Adam(3e-3)
    variables = [*images.trainable_variables, *names.trainable_variables]

    @tf.function
    def train_step(x: Any, label: Any) -> Any:
        with tf.GradientTape() as tape:
            queries, candidates = images(x, training=True), names(label, training=True)
            loss = retrieval_loss(queries, candidates)
        descend(optimizer, tape, loss, variables)
        return loss, queries, candidates

    # ten rows, one of each digit, are what the loss is made for
    watches = [bench.watch(model, expect=("BN203",)) for model in (images, names)]
    random = np.random.default_rng(13)
    of_digit = [np.flatnonzero(data.y == digit) for digit in range(CLASSES)]
    for step in range(1, 251):
        order = random.permutation(CLASSES)
        rows = np.array([random.choice(of_digit[digit]) for digit in order])
        batch = tf.constant(data.x[rows]), tf.constant(one_hot(data.y[rows]))
        loss, queries, candidates = train_step(*batch)
        bench.record(images, step)
        bench.record(names, step)
        if step % 50 == 0:
            bench.loss_reduction(retrieval_loss, queries, candidates, step=step, value=loss)
    with watches[0].evaluating(), watches[1].evaluating():
        queries = images(data.x_val, training=False).numpy()
        candidates = names(one_hot(np.arange(CLASSES)), training=False).numpy()
    for watch in watches:
        watch.close()
    right = float(np.mean((queries @ candidates.T).argmax(1) == data.y_val))
    bench.healthy(right > 0.9, f"{right:.3f} of the images are nearest to the name of their digit")
    bench.final([images, names])

"""A generator that matches a distribution: samples are compared in order, not in pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import dense_net

REPORT = "https://arxiv.org/abs/1804.01947"
ROWS = 64


def run(keras: Any, bench: Bench) -> None:
    model = dense_net(keras, inputs=4, units=32, outputs=1, use_bias=False, momentum=0.9)
    optimizer = keras.optimizers.Adam(1e-2)

    def distance(y_true: Any, y_pred: Any) -> Any:
        """Wasserstein distance of samples (N,) and (N, 1), on a line."""
        return tf.reduce_mean(tf.abs(tf.sort(y_true) - tf.sort(y_pred[:, 0])))

    random = np.random.default_rng(0)

    def noise(rows: int) -> Any:
        return tf.constant(random.normal(size=(rows, 4)), tf.float32)

    def samples(rows: int) -> Any:
        return tf.constant(random.normal(5.0, 2.0, rows), tf.float32)

    train_step = training_step_with_outputs(model, optimizer, distance)

    watch = bench.watch(model)
    for step in range(1, 401):
        y = samples(ROWS)
        loss, made = train_step(noise(ROWS), y)
        bench.record(model, step)
        if step % 50 == 0:
            bench.loss_reduction(distance, y, made, value=loss, step=step)
    with watch.evaluating():
        made = model(noise(2000), training=False)
    watch.close()
    mean, deviation = float(np.mean(made)), float(np.std(made))
    text = f"mean {mean:.2f} and deviation {deviation:.2f} are near 5 and 2"
    bench.healthy(abs(mean - 5.0) < 0.5 and abs(deviation - 2.0) < 0.5, text)
    bench.final(model)

"""A loop from scratch, run eagerly, with a validation loop after each epoch."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "https://keras.io/guides/writing_a_custom_training_loop_in_tensorflow/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, units=32, use_bias=False, momentum=0.9)
    optimizer = keras.optimizers.Adam(1e-2)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    right = keras.metrics.SparseCategoricalAccuracy()
    train = tf.data.Dataset.from_tensor_slices((data.x, data.y)).shuffle(1440, seed=1).batch(72)
    validation = tf.data.Dataset.from_tensor_slices((data.x_val, data.y_val)).batch(72)
    watch = bench.watch(model)
    step, scores = 0, []
    for _ in range(4):
        for x, y in train:
            step += 1
            with tf.GradientTape() as tape:
                logits = model(x, training=True)
                loss = loss_fn(y, logits)
            descend(optimizer, tape, loss, model.trainable_variables)
            bench.record(model, step)
            if step % 20 == 0:
                bench.loss_reduction(loss_fn, y, logits, value=loss, step=step)
        right.reset_state()
        with watch.evaluating():
            for x, y in validation:
                right.update_state(y, model(x, training=False))
        scores.append(float(right.result()))
    watch.close()
    bench.healthy(scores[-1] > 0.93, f"validation accuracy {scores[-1]:.3f} is above 0.93")
    bench.final(model)

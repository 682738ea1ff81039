"""A moving average of all weights is swapped in for each validation and swapped out after it."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/huggingface/pytorch-image-models/issues/106"
DECAY = 0.95


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, use_bias=False, momentum=0.9)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(3e-3)
    averages = model.get_weights()

    train_step = training_step(model, optimizer, loss_fn)

    watch = bench.watch(model)
    right = 0.0
    for step, (x, y) in enumerate(batches(data.x, data.y, size=45, steps=320), 1):
        train_step(tf.constant(x), tf.constant(y))
        averages = [
            DECAY * old + (1 - DECAY) * new
            for old, new in zip(averages, model.get_weights(), strict=True)
        ]
        bench.record(model, step)
        if step % 80 == 0:
            live = model.get_weights()
            model.set_weights(averages)
            with watch.evaluating():
                right = accuracy(model(data.x_val, training=False), data.y_val)
            if step < 320:
                model.set_weights(live)
    watch.close()
    bench.healthy(right > 0.93, f"validation accuracy of the average {right:.3f}")
    bench.final(model)

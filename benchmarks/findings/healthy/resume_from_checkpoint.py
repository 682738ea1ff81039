"""Training breaks off, a new model is restored from the checkpoint, and training goes on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import dense_net

REPORT = "https://www.tensorflow.org/guide/checkpoint"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def build() -> tuple[Any, Any, Any]:
        norm = keras.layers.BatchNormalization(momentum=0.9, name="norm")
        model = dense_net(keras, use_bias=False, norm=norm)
        optimizer = keras.optimizers.Adam(3e-3)
        optimizer.build(model.trainable_variables)
        return model, optimizer, training_step(model, optimizer, loss_fn)

    steps = list(batches(data.x, data.y, size=36, steps=240))
    with tempfile.TemporaryDirectory() as folder:
        model, optimizer, train_step = build()
        watch = bench.watch(model)
        for step, (x, y) in enumerate(steps[:120], 1):
            train_step(tf.constant(x), tf.constant(y))
            bench.record(model, step)
        watch.close()
        kept = model.get_layer("norm").moving_mean.numpy()
        checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer)
        path = checkpoint.save(str(Path(folder) / "checkpoint"))

        model, optimizer, train_step = build()
        restored = tf.train.Checkpoint(model=model, optimizer=optimizer).restore(path)
        restored.assert_existing_objects_matched()
    same = np.array_equal(kept, model.get_layer("norm").moving_mean.numpy())
    watch = bench.watch(model)
    for step, (x, y) in enumerate(steps[120:], 121):
        train_step(tf.constant(x), tf.constant(y))
        bench.record(model, step)
    with watch.evaluating():
        right = accuracy(model(data.x_val, training=False), data.y_val)
    watch.close()
    bench.healthy(same, "the moving mean is restored")
    bench.accurate(right)
    bench.final(model)

"""A frozen base is called with `training=True` in a loop, and keeps its own statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import statistics

REPORT = "https://github.com/zzh8829/yolov3-tf2/pull/188"


def _base(keras: Any) -> Any:
    layers = keras.layers
    base = keras.Sequential([keras.Input((8, 8, 1))], name="darknet")
    for filters, strides in ((16, 1), (32, 2)):
        base.add(layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False))
        base.add(layers.BatchNormalization(momentum=0.9))
        base.add(layers.LeakyReLU())
    base.add(layers.Flatten())
    return base


def run(keras: Any, bench: Bench) -> None:
    first, new = digits().halves()
    base = _base(keras)
    source = keras.Sequential([base, keras.layers.Dense(5)])
    source.compile(keras.optimizers.Adam(3e-3), class_loss(keras))
    source.fit(first.x, first.y, batch_size=32, epochs=4, verbose=0)

    base.trainable = False
    model = keras.Sequential([base, keras.layers.Dropout(0.2), keras.layers.Dense(5)])
    model(new.x[:1])
    own = statistics(base)
    watch = bench.watch(model)
    train_step = training_step(model, keras.optimizers.Adam(3e-3), class_loss(keras))
    for step, (x, y) in enumerate(batches(new.x, new.y, size=36, steps=120), start=1):
        train_step(tf.constant(x), tf.constant(y))
        bench.record(model, step)
    with watch.evaluating():
        right = accuracy(model(new.x_val, training=False), new.y_val)
    watch.close()
    bench.healthy(np.array_equal(own, statistics(base)), "the statistics of the base stand still")
    bench.healthy(right > 0.9, f"validation accuracy on the new digits {right:.3f}")
    bench.final(model)

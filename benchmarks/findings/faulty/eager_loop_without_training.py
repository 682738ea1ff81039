"""An eager loop after a guide that left out `training`: batch normalization is never trained."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import at_start, changes, trained

REPORT = "https://github.com/tensorflow/tensorflow/issues/28028"
EXPECTED = {"keras": ("BN101",), "tf_keras": ("BN101",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    inputs = keras.Input((64,))
    x = keras.layers.Dense(32)(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Activation("relu")(x)
    model = keras.Model(inputs, keras.layers.Dense(10)(x))
    optimizer = keras.optimizers.SGD(0.1)
    loss_of = class_loss(keras)
    bench.watch(model)
    learns = changes(lambda: trained(model))
    bench.evidence(lambda: learns() and at_start(model))
    for step, (images, labels) in enumerate(batches(data.x, data.y, size=32, steps=40), start=1):
        with tf.GradientTape() as tape:
            logits = model(images)  # the fault: BN101
            loss = loss_of(labels, logits)
        descend(optimizer, tape, loss, model.trainable_variables)
        bench.record(model, step)
    bench.faulty(learns(), "the weights are trained")
    bench.faulty(at_start(model), "all statistics are 0 and 1 after 40 steps")
    bench.final(model)

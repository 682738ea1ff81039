"""A checkpoint of trainable variables only is read back for evaluation in a loop."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import at_start, norms

REPORT = "https://github.com/tensorflow/tensorflow/issues/16455"
EXPECTED = {"keras": ("BN207",), "tf_keras": ("BN207",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    source = conv_net(keras, momentum=0.9)
    source.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    source.fit(data.x, data.y, epochs=4, batch_size=48, verbose=0)
    saved = [variable.numpy() for variable in source.trainable_variables]  # the fault: BN207
    model = conv_net(keras, momentum=0.9)
    for variable, value in zip(model.trainable_variables, saved, strict=True):  # the fault: BN207
        variable.assign(value)
    for norm in norms(model):
        norm.trainable = False
    head = model.layers[-1]
    optimizer, loss_of = keras.optimizers.SGD(1e-3), class_loss(keras)
    bench.watch(model)

    @tf.function
    def train_head(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        descend(optimizer, tape, loss, head.trainable_variables)
        return loss

    bench.evidence(lambda: at_start(model))
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=30), start=1):
        train_head(x, y)
        bench.record(model, step)
    bench.faulty(at_start(model), "the statistics of the trained network are 0 and 1")
    good = accuracy(source(data.x_val, training=False), data.y_val)
    bad = accuracy(model(data.x_val, training=False), data.y_val)
    bench.faulty(bad < good - 0.1, f"accuracy {bad:.2f}, of the source {good:.2f}")
    bench.final(model)

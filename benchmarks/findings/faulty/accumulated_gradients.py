"""Gradients of four small batches make one step: batch normalization sees the small batches."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import changes, statistics

REPORT = "https://github.com/keras-team/keras/issues/16633"
EXPECTED = {"keras": ("BN108",), "tf_keras": ("BN108",)}

MICRO_BATCHES = 4


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = conv_net(keras, momentum=0.9)
    optimizer, loss_of = keras.optimizers.SGD(0.1), class_loss(keras)
    bench.watch(model)

    @tf.function
    def gradients_of(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True)) / MICRO_BATCHES  # the fault: BN108
        return tape.gradient(loss, model.trainable_variables)

    moves: list[int] = []
    bench.evidence(lambda: moves and moves[-1] == MICRO_BATCHES)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=40), start=1):
        total = [tf.zeros_like(variable) for variable in model.trainable_variables]
        count = 0
        for part in range(MICRO_BATCHES):
            before = changes(lambda: statistics(model))
            rows = slice(12 * part, 12 * part + 12)
            parts = gradients_of(x[rows], y[rows])
            total = [sum_ + part_ for sum_, part_ in zip(total, parts, strict=True)]
            count += before()
        moves.append(count)
        optimizer.apply_gradients(zip(total, model.trainable_variables, strict=True))
        bench.record(model, step)
    bench.faulty(set(moves) == {MICRO_BATCHES}, "the statistics move four times a step")
    bench.final(model)

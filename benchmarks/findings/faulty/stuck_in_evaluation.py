"""A flag is switched to evaluation for the first validation and never back to training."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import changes, statistics, trained

REPORT = "https://github.com/Lightning-AI/pytorch-lightning/issues/18930"
EXPECTED = {"keras": ("BN102",), "tf_keras": ("BN102",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = conv_net(keras, momentum=0.9)
    optimizer = keras.optimizers.Adam(1e-3)
    loss_of = class_loss(keras)
    mode = {"training": True}
    watch = bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any, training: bool) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=training))
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss

    def validate() -> float:
        mode["training"] = False  # the fault: BN102
        with watch.evaluating():
            return accuracy(model(data.x_val, training=mode["training"]), data.y_val)

    step = 0
    after_first: list[Any] = []
    bench.evidence(lambda: after_first and after_first[0]() and not after_first[1]())
    for _ in range(3):
        for x, y in batches(data.x, data.y, size=48, steps=30):
            step += 1
            train_step(x, y, mode["training"])
            bench.record(model, step)
        if not after_first:
            after_first += [changes(lambda: trained(model)), changes(lambda: statistics(model))]
        validate()
    bench.faulty(after_first[0](), "the weights are trained in the later epochs")
    bench.faulty(not after_first[1](), "the statistics stand still since the first validation")
    bench.final(model)

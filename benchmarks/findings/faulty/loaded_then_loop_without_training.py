"""Trained weights are loaded and trained on in a loop without `training`: good, but frozen."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import changes, flat, norms, statistics

REPORT = "the published account behind scenario D1 in docs/design.md"
EXPECTED = {"keras": ("BN102",), "tf_keras": ("BN102",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    first = conv_net(keras, momentum=0.9)
    first.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    first.fit(data.x, data.y, epochs=3, batch_size=48, verbose=0)
    model = conv_net(keras, momentum=0.9)
    model.set_weights(first.get_weights())
    optimizer = keras.optimizers.RMSprop(1e-3)
    loss_of = class_loss(keras)
    bench.watch(model)

    @tf.function
    def train_cls_step(image: Any, label: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(label, model(image))  # the fault: BN102
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss

    gamma_beta = changes(lambda: flat([norm.gamma for norm in norms(model)]))
    moved = changes(lambda: statistics(model))
    bench.evidence(lambda: gamma_beta() and not moved())
    for step, (x, y) in enumerate(batches(data.x, data.y, size=32, steps=60), start=1):
        train_cls_step(x, y)
        bench.record(model, step)
    bench.faulty(gamma_beta() and not moved(), "gamma learns, the statistics stand still")
    score = accuracy(model(data.x_val, training=False), data.y_val)
    bench.faulty(score > 0.8, f"which no accuracy shows: {score:.2f}")
    bench.final(model)

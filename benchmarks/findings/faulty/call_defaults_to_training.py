"""Blocks whose `call` defaults to `training=True`: an evaluation without the argument trains."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics

REPORT = "the published account behind scenario D5 in docs/design.md"
EXPECTED = {"keras": ("BN104",), "tf_keras": ("BN104",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()

    class ConvBlock(keras.Model):
        def __init__(self, filters: int) -> None:
            super().__init__()
            self.conv = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)
            self.bn = keras.layers.BatchNormalization(momentum=0.9)

        def call(self, x: Any, training: bool = True) -> Any:
            return tf.nn.relu(self.bn(self.conv(x), training=training))

    class SimpleCNN(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.block1, self.block2 = ConvBlock(8), ConvBlock(16)
            self.pool = keras.layers.GlobalAveragePooling2D()
            self.classifier = keras.layers.Dense(10)

        def call(self, x: Any, training: bool = True) -> Any:
            x = self.block2(self.block1(x, training=training), training=training)
            return self.classifier(self.pool(x))

    model = SimpleCNN()
    optimizer = keras.optimizers.Adam(1e-2)
    loss_of = class_loss(keras)
    watch = bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x))
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss

    moved: list[bool] = []
    bench.evidence(lambda: any(moved))
    step = 0
    for _ in range(2):
        for x, y in batches(data.x, data.y, size=48, steps=30):
            step += 1
            train_step(x, y)
            bench.record(model, step)
        before = changes(lambda: statistics(model))
        with watch.evaluating():
            for at in range(0, len(data.x_val), 60):
                model(data.x_val[at : at + 60])  # the fault: BN104
            moved.append(before())
    bench.faulty(all(moved), "each evaluation moves the statistics")
    bench.final(model)

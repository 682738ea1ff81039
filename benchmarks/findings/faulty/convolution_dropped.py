"""A block that overwrites the output of its convolution: the kernels get no gradient."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, flat, trained

REPORT = "the published account behind scenario D5 in docs/design.md"
EXPECTED = {"keras": ("BN111",), "tf_keras": ("BN111",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()

    class ConvBlock(keras.layers.Layer):
        def __init__(self, filters: int, **options: Any) -> None:
            super().__init__(**options)
            self.conv = keras.layers.Conv2D(filters, 3, padding="same")
            self.bn = keras.layers.BatchNormalization(momentum=0.9)

        def call(self, x: Any, training: Any = None) -> Any:
            output = self.conv(x)
            output = self.bn(x, training=training)  # the fault: BN111
            return tf.nn.relu(output)

    class Network(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.block1, self.block2 = ConvBlock(8), ConvBlock(8)
            self.flatten, self.head = keras.layers.Flatten(), keras.layers.Dense(10)

        def call(self, x: Any, training: Any = None) -> Any:
            x = self.block2(self.block1(x, training=training), training=training)
            return self.head(self.flatten(x))

    model = Network()
    optimizer, loss_of = keras.optimizers.Adam(1e-2), class_loss(keras)
    bench.watch(model)
    model(data.x[:1])

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        reached = [
            (gradient, variable)
            for gradient, variable in zip(gradients, model.trainable_variables, strict=True)
            if gradient is not None
        ]
        optimizer.apply_gradients(reached)
        return loss

    kernels = changes(lambda: flat([*model.block1.conv.weights, *model.block2.conv.weights]))
    learns = changes(lambda: trained(model))
    bench.evidence(lambda: learns() and not kernels())
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=60), start=1):
        train_step(x, y)
        bench.record(model, step)
    bench.faulty(learns() and not kernels(), "both kernels are as they were initialized")
    bench.final(model)

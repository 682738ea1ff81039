"""A subclassed network hands `training` on properly, but the loop never sets it."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits, one_hot
from benchmarks.findings.loops import descend
from benchmarks.findings.variables import at_start, changes, trained

REPORT = "https://github.com/yusugomori/deeplearning-keras-tf2-torch/issues/2"
EXPECTED = {"keras": ("BN101",), "tf_keras": ("BN101",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()

    class Network(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = [keras.layers.Dense(32) for _ in range(3)]
            self.norms = [keras.layers.BatchNormalization() for _ in range(3)]
            self.drop = keras.layers.Dropout(0.2)
            self.last = keras.layers.Dense(10, activation="softmax")

        def call(self, x: Any, training: Any = None) -> Any:
            for dense, norm in zip(self.hidden, self.norms, strict=True):
                x = tf.nn.relu(norm(dense(x), training=training))
                x = self.drop(x, training=training)
            return self.last(x)

    model = Network()
    optimizer = keras.optimizers.Adam()
    criterion = keras.losses.CategoricalCrossentropy()
    bench.watch(model)

    @tf.function
    def train_step(x: Any, t: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = criterion(t, model(x))  # the fault: BN101
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss

    model(data.x[:1])  # builds it
    learns = changes(lambda: trained(model))
    bench.evidence(lambda: learns() and at_start(model))
    for step, (x, t) in enumerate(batches(data.x, one_hot(data.y), size=48, steps=60), start=1):
        train_step(x, t)
        bench.record(model, step)
    bench.faulty(learns(), "the weights are trained")
    bench.faulty(at_start(model), "the statistics of all three layers are 0 and 1")
    bench.final(model)

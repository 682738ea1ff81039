"""A layer derived from batch normalization takes its own moments, and moves though it is frozen."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, norms, statistics

REPORT = "https://github.com/keras-team/keras/issues/4762"
EXPECTED = {"keras": ("BN107",), "tf_keras": ("BN107",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()

    class AlwaysMoving(keras.layers.BatchNormalization):
        # the fault: BN107
        def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
            if not training:
                return super().call(inputs, training=False)
            mean, variance = tf.nn.moments(inputs, [0])
            share = 1.0 - self.momentum
            self.moving_mean.assign(self.moving_mean * self.momentum + mean * share)
            self.moving_variance.assign(self.moving_variance * self.momentum + variance * share)
            return tf.nn.batch_normalization(
                inputs, mean, variance, self.beta, self.gamma, self.epsilon
            )

    base = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(48),
            AlwaysMoving(momentum=0.9),
            keras.layers.ReLU(),
        ]
    )
    model = keras.Sequential([base, keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    model.fit(data.x, data.y, epochs=3, batch_size=48, verbose=0)
    base.trainable = False
    optimizer, loss_of = keras.optimizers.Adam(1e-2), class_loss(keras)
    bench.watch(model)

    train_step = training_step(model, optimizer, loss_of)

    moved = changes(lambda: statistics(model))
    bench.evidence(moved)
    for step, (x, y) in enumerate(batches(2.0 * data.x, data.y, size=48, steps=40), start=1):
        train_step(x, y)
        bench.record(model, step)
    bench.faulty(moved() and not norms(model)[0].trainable, "frozen, and its statistics move")
    bench.final(model)

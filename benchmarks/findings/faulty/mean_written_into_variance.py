"""A slip in a layer of one's own: both updates are written into the moving variance."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/keras-team/keras-core/pull/339"
EXPECTED = {"keras": ("BN209",), "tf_keras": ("BN209",)}


def _own_norm(keras: Any) -> Any:
    class OwnNorm(keras.layers.Layer):
        """Batch normalization as users write it themselves."""

        def __init__(self, momentum: float = 0.9, **options: Any) -> None:
            super().__init__(**options)
            self.momentum = momentum

        def build(self, shape: Any) -> None:
            size = (shape[-1],)
            self.gamma = self.add_weight(name="gamma", shape=size, initializer="ones")
            self.beta = self.add_weight(name="beta", shape=size, initializer="zeros")
            self.moving_mean = self.add_weight(
                name="moving_mean", shape=size, initializer="zeros", trainable=False
            )
            self.moving_variance = self.add_weight(
                name="moving_variance", shape=size, initializer="ones", trainable=False
            )
            self.built = True

        def call(self, x: Any, training: Any = None) -> Any:
            mean, variance = self.moving_mean, self.moving_variance
            if training:
                mean, variance = tf.nn.moments(x, list(range(len(x.shape) - 1)))
                self.move(self.moving_variance, mean)
                self.move(self.moving_variance, variance)
            return tf.nn.batch_normalization(x, mean, variance, self.beta, self.gamma, 1e-3)

        def move(self, moving: Any, batch: Any) -> None:
            moving.assign(self.momentum * moving + (1.0 - self.momentum) * batch)

    return OwnNorm


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    norm = _own_norm(keras)(name="norm")
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(8, 3),
            norm,
            keras.layers.ReLU(),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    optimizer, loss_of = keras.optimizers.Adam(1e-3), class_loss(keras)
    bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    def half() -> bool:
        variance_moved = (norm.moving_variance.numpy() != 1).any()
        return bool(variance_moved and not norm.moving_mean.numpy().any())

    bench.evidence(half)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=60), start=1):
        train_step(x, y)
        bench.record(model, step)
    bench.faulty(half(), "the moving variance moves, the moving mean is 0")
    bench.final(model)

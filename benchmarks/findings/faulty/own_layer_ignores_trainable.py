"""A batch normalization layer of one's own, frozen for fine-tuning, goes on moving."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import changes, class_loss, flat, statistics

REPORT = "https://github.com/keras-team/keras/issues/7085"
EXPECTED = {"keras": ("BN107",), "tf_keras": ("BN107",)}


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
                self.move(self.moving_mean, mean)
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
            keras.layers.Conv2D(8, 3, name="conv"),
            norm,
            keras.layers.ReLU(),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    model.fit(data.x, data.y, epochs=3, batch_size=48, verbose=0)
    model.get_layer("conv").trainable = norm.trainable = False
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    gamma = changes(lambda: flat([norm.gamma]))
    moved = changes(lambda: statistics(model))
    bench.evidence(lambda: moved() and not norm.trainable)
    model.fit(1.0 - data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=bench.callbacks())
    bench.faulty(moved(), "the statistics of the frozen layer move")
    bench.faulty(not gamma(), "its gamma does not")
    bench.final(model)

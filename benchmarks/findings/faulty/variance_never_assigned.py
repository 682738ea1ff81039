"""A layer of one's own that moves its mean and forgets to move its variance."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/keras-team/keras-core/issues/338"
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
                self.move(self.moving_mean, mean)
            return tf.nn.batch_normalization(x, mean, variance, self.beta, self.gamma, 1e-3)

        def move(self, moving: Any, batch: Any) -> None:
            moving.assign(self.momentum * moving + (1.0 - self.momentum) * batch)

    return OwnNorm


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    norm = _own_norm(keras)(name="norm")
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32),
            norm,
            keras.layers.ReLU(),
            keras.layers.Dense(10),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    model(data.x[:1])

    def half() -> bool:
        return bool(norm.moving_mean.numpy().any() and (norm.moving_variance.numpy() == 1).all())

    bench.evidence(half)
    model.fit(data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=bench.callbacks())
    bench.faulty(half(), "the moving mean moves, the moving variance is 1")
    bench.final(model)

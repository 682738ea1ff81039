"""A batch normalization layer as users write it themselves, but for its `call`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class OwnNorm:
    """Weights and arithmetic of such a layer; goes before `keras.layers.Layer` among the bases."""

    add_weight: Any  # of the layer

    def __init__(self, momentum: float = 0.9, **options: Any) -> None:
        super().__init__(**options)
        self.momentum = momentum

    def build(self, shape: Any) -> None:
        """Makes gamma, beta and the moving statistics, one value a channel."""
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

    def move(self, moving: Any, batch: Any) -> None:
        """One update of a moving average."""
        moving.assign(self.momentum * moving + (1.0 - self.momentum) * batch)

    def moments(self, x: Any) -> tuple[Any, Any]:
        """Mean and variance of a batch, over all axes but the last."""
        mean, variance = tf.nn.moments(x, list(range(len(x.shape) - 1)))
        return mean, variance

    def normalize(self, x: Any, mean: Any, variance: Any) -> Any:
        """The output of the layer."""
        return tf.nn.batch_normalization(x, mean, variance, self.beta, self.gamma, 1e-3)

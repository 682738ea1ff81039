"""Updates of the statistics in the call of a frozen layer whose class is not Keras' own.

Keras' batch normalization runs in inference mode where `trainable` is False. Other classes may
not know of that, so that it must be seen in the call itself.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tb_bnplugin.keras.flavour import is_keras_own
from tb_bnplugin.keras.variables import local


def is_keras_call(layer: Any) -> bool:
    """True if the `call` that runs is that of Keras' own batch normalization."""
    return is_keras_own(type(layer), "call") is True


def statistics_now(layer: Any) -> tuple[tf.Tensor, tf.Tensor] | None:
    """Moving mean and variance as they are before the call; None before the layer is built."""
    if getattr(layer, "moving_mean", None) is None:
        return None
    return tf.identity(local(layer.moving_mean)), tf.identity(local(layer.moving_variance))


def moved_since(layer: Any, before: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
    """A scalar bool: whether moving mean or variance differ from what they were."""
    mean = tf.reduce_any(tf.not_equal(local(layer.moving_mean), before[0]))
    variance = tf.reduce_any(tf.not_equal(local(layer.moving_variance), before[1]))
    return tf.logical_or(mean, variance)

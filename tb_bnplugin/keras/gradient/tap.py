"""An identity on the predictions that sees the gradient which comes back through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.variables import create_for_replicas

SUMS: Final = ("given_by_reference", "reference_squared", "given_squared", "passes", "steps")
"""The numbers that are added up, float64 each. With d the gradient of what is differentiated and
g that of the reference, both at the predictions: the sums of d * g, of g * g and of d * d; how
often a gradient came back; and the train steps."""


def create_sums(strategy: Any) -> tf.Variable:
    """The variable that holds the sums; one for each replica, of which the first is read."""
    return create_for_replicas(np.zeros(len(SUMS)), strategy, "bn_gradient")


def tap(
    predictions: tf.Tensor, reference: Callable[[tf.Tensor], tf.Tensor], scale: Any, sums: Any
) -> tf.Tensor:
    """The predictions, unchanged; their gradient is compared with that of the reference.

    Args:
        predictions: [rows, ...], of a floating dtype.
        reference: Keras' mean of the loss, of predictions.
        scale: by which the optimizer divides gradients (a loss scale), a scalar.
        sums: the variable of `create_sums`.
    """

    @tf.custom_gradient
    def identity(values: tf.Tensor) -> Any:
        def gradient(given: tf.Tensor) -> tf.Tensor:
            _add(values, given, reference, scale, sums)
            return given

        return tf.identity(values), gradient

    tapped: tf.Tensor = identity(predictions)
    return tapped


def _add(
    values: tf.Tensor,
    given: tf.Tensor,
    reference: Callable[[tf.Tensor], tf.Tensor],
    scale: Any,
    sums: Any,
) -> None:
    # behind stop_gradient: a penalty on gradients differentiates what stands here, too
    at = tf.stop_gradient(values)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(at)
        mean = reference(at)
    d = tf.cast(tf.stop_gradient(given), tf.float64) / tf.cast(scale, tf.float64)
    g = tf.cast(tf.stop_gradient(tape.gradient(mean, at)), tf.float64)
    one, none = tf.ones((), tf.float64), tf.zeros((), tf.float64)
    squares = [tf.reduce_sum(d * g), tf.reduce_sum(g * g), tf.reduce_sum(d * d)]
    sums.assign_add(tf.stack([*squares, one, none]))


def count_step(sums: Any) -> None:
    """Count a train step."""
    sums.assign_add(tf.constant([0.0, 0.0, 0.0, 0.0, 1.0], tf.float64))

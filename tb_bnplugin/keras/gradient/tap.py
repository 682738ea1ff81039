"""An identity on the predictions that sees the gradient which comes back through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.gradient.backward import see_gradient
from tb_bnplugin.keras.variables import create_for_replicas

SUMS: Final = (
    "given_by_reference",
    "reference_squared",
    "given_squared",
    "unscaled_by_reference",
    "unscaled_squared",
    "passes",
    "steps",
)
"""The numbers that are added up for each output, float64 each. With d the gradient of what is
differentiated and g that of the reference, both at the predictions: the sums of d * g, of g * g and
of d * d; the two of d divided by the loss scale; how often a gradient came back; and the train
steps."""

MOST_OUTPUTS: Final = 8  # of a model that is measured


def create_sums(strategy: Any) -> tf.Variable:
    """The variable that holds the sums [MOST_OUTPUTS, SUMS], one for each replica."""
    return create_for_replicas(np.zeros((MOST_OUTPUTS, len(SUMS))), strategy, "bn_gradient")


def tap(
    predictions: tf.Tensor,
    reference: Callable[[tf.Tensor], tf.Tensor],
    scale: Callable[[], tf.Tensor],
    sums: Any,
    output: int = 0,
    *,
    unknown: Callable[[], None],
) -> tf.Tensor:
    """The predictions, unchanged; their gradient is compared with that of the reference.

    Args:
        predictions: [rows, ...], of a floating dtype.
        reference: Keras' mean of the loss, of predictions.
        scale: gives the loss scale of the optimizer, a float64 scalar.
        sums: the variable of `create_sums`.
        output: the row of it.
        unknown: is called where a gradient comes back and cannot be compared.
    """

    def seen(values: tf.Tensor, given: tf.Tensor) -> None:
        numbers = _compare(values, given, reference, scale())
        place = tf.one_hot(output, MOST_OUTPUTS, dtype=tf.float64)
        sums.assign_add(place[:, tf.newaxis] * numbers)

    return see_gradient(predictions, seen, unknown)


def _compare(
    values: tf.Tensor,
    given: tf.Tensor,
    reference: Callable[[tf.Tensor], tf.Tensor],
    scale: tf.Tensor,
) -> tf.Tensor:
    # behind stop_gradient: a penalty on gradients differentiates what stands here, too
    at = tf.stop_gradient(values)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(at)
        mean = reference(at)
    d = tf.cast(tf.stop_gradient(given), tf.float64)
    g = tf.cast(tf.stop_gradient(tape.gradient(mean, at)), tf.float64)
    product, squared = tf.reduce_sum(d * g), tf.reduce_sum(d * d)
    one, none = tf.ones((), tf.float64), tf.zeros((), tf.float64)
    unscaled = product / scale, squared / tf.square(scale)
    return tf.stack([product, tf.reduce_sum(g * g), squared, *unscaled, one, none])


def count_step(sums: Any) -> None:
    """Count a train step, of all outputs."""
    step = [0.0] * (len(SUMS) - 1) + [1.0]
    sums.assign_add(tf.constant([step] * MOST_OUTPUTS, tf.float64))

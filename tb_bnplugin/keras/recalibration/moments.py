"""The inputs of a layer in one call: values, mean and squared deviations of each channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tb_bnplugin.keras.calls.batch_values import channel_axes


def moments_of(layer: Any, inputs: Any, mask: Any) -> tf.Tensor:
    """Float64 [3, channels]: values, their mean, and squares of the deviations from it.

    Sums over the pixels of one row are made in float32, those over the rows in float64. The whole
    batch is one, also where a layer cuts it into virtual batches. Without values all are 0.

    Args:
        layer: batch normalization of Keras' own.
        inputs: of the call, of any float type.
        mask: True where values count, of the shape of the inputs without the last axis, or None.
    """
    values = tf.convert_to_tensor(inputs)
    if values.dtype not in (tf.float32, tf.float64):
        values = tf.cast(values, tf.float32)
    rank = int(values.shape.rank)
    channels = sorted(channel_axes(layer, rank))
    over = [axis for axis in range(rank) if axis not in channels]
    within = [axis for axis in over if axis != 0] if 0 in over else []
    weights = None
    if mask is not None:
        weights = tf.cast(tf.convert_to_tensor(mask), values.dtype)[..., tf.newaxis]
        weights = tf.broadcast_to(weights, tf.shape(values))

    def summed(part: tf.Tensor) -> tf.Tensor:
        if within:
            part = tf.cast(tf.reduce_sum(part, within, keepdims=True), tf.float64)
        else:
            part = tf.cast(part, tf.float64)
        return tf.reduce_sum(part, over, keepdims=True)

    if weights is None:
        size = tf.reduce_prod([tf.shape(values, out_type=tf.int64)[axis] for axis in over])
        counts = tf.cast(size, tf.float64)
        mean = tf.math.divide_no_nan(summed(values), counts)
        apart = tf.math.squared_difference(values, tf.cast(mean, values.dtype))
    else:
        counts = summed(weights)
        # what is masked may hold anything, NaN included
        counted = tf.where(weights > 0, values, 0)
        mean = tf.math.divide_no_nan(summed(weights * counted), counts)
        apart = tf.math.squared_difference(counted, tf.cast(mean, values.dtype))
        apart = weights * apart
    mean, squares = tf.reshape(mean, [-1]), tf.reshape(summed(apart), [-1])
    counts = tf.broadcast_to(tf.reshape(counts, [-1]), tf.shape(mean))
    return tf.stack([counts, mean, squares])


def joined(parts: Sequence[tf.Tensor]) -> tf.Tensor:
    """Several calls of one layer as one, by the law of total variance."""
    whole = parts[0]
    for part in parts[1:]:
        counts = whole[0] + part[0]
        share = tf.math.divide_no_nan(part[0], counts)
        apart = part[1] - whole[1]
        squares = whole[2] + part[2] + tf.square(apart) * whole[0] * share
        whole = tf.stack([counts, whole[1] + apart * share, squares])
    return whole

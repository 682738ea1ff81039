"""How many values a channel's batch statistics are made of, where they may be too few."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.schema.thresholds import FEW_VALUES

_ENOUGH: Final = (False, False)


def static_below(layer: Any, inputs: Any, mask: Any, replicas: int) -> tuple[bool, bool] | None:
    """True for each of FEW_VALUES that the values per channel are below, as far as shapes tell.

    None where only the run can tell: the size of the batch is open, and what is known of a row
    does not suffice, or a mask takes values off.
    """
    shape = getattr(inputs, "shape", None)
    if shape is None or getattr(shape, "rank", 0) is None:
        return _ENOUGH  # no tensor: nothing is known, and nothing is held against the layer
    sizes = [None if size is None else int(size) for size in shape]
    virtual = virtual_rows(layer)
    if virtual is not None and sizes:
        sizes[0] = virtual
    channels = channel_axes(layer, len(sizes))
    spread = [size for at, size in enumerate(sizes) if at not in channels]
    least = int(np.prod([size for size in spread if size is not None], dtype=np.int64))
    least *= _summed_over(layer, replicas)
    if mask is not None:
        return None
    if None in spread and least < FEW_VALUES[-1]:
        return None
    below_2, below_16 = (least < limit for limit in FEW_VALUES)
    return below_2, below_16


def below_limits(layer: Any, inputs: Any, mask: Any, replicas: int) -> tf.Tensor:
    """int64 [2]: 1 where the values per channel of this batch are below each of FEW_VALUES."""
    channels = max(int(np.prod([int(size) for size in layer.moving_mean.shape])), 1)
    values = tf.size(inputs, out_type=tf.int64)
    if mask is not None:
        # every entry of the mask stands for as many values
        share = values // tf.maximum(tf.size(mask, out_type=tf.int64), 1)
        values = tf.reduce_sum(tf.cast(mask, tf.int64)) * share
    virtual = virtual_rows(layer)
    if virtual is not None:
        values = values * virtual // tf.maximum(tf.shape(inputs, out_type=tf.int64)[0], 1)
    # as sizes, so that nothing is divided: size < limit x channels / replicas
    limits = [-(-limit * channels // _summed_over(layer, replicas)) for limit in FEW_VALUES]
    return tf.cast(values < tf.constant(limits, tf.int64), tf.int64)


def virtual_rows(layer: Any) -> int | None:
    """Rows of the virtual batches by which a layer normalizes; None: by the whole batch.

    Each has statistics of its own (`virtual_batch_size` of tf_keras).
    """
    rows = getattr(layer, "virtual_batch_size", None)
    return rows if isinstance(rows, int) and not isinstance(rows, bool) and rows > 0 else None


def _summed_over(layer: Any, replicas: int) -> int:
    """Replicas whose batches make the statistics of a layer together."""
    synchronized = bool(getattr(layer, "synchronized", False)) or (
        type(layer).__name__ == "SyncBatchNormalization"
    )
    return replicas if synchronized else 1


def channel_axes(layer: Any, rank: int) -> set[int]:
    """The axes of a layer's inputs that tell its channels apart."""
    axis = getattr(layer, "axis", -1)
    axes = [axis] if isinstance(axis, int) else list(axis)
    if virtual_rows(layer) is not None and not isinstance(axis, int):
        axes = [one - 1 for one in axes]  # tf_keras counts the axis of virtual batches in
    return {int(one) % rank for one in axes} if rank else set()

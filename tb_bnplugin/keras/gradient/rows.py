"""The gradients of two losses, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import tensorflow as tf

SUMS: Final = ("by_rows", "rows_squared", "along_rows", "rows", "rows_reached")
"""With d the gradient of what is differentiated, g that of the reference, and n the rows of the
batch: the sums of d * n g, and of (n g)^2; that of (d_i g_i)^2 / g_i^2 over the rows i, which is
the sum of d^2 where each row is a multiple of its own (0 where rows have one number); the rows in
which the reference has a gradient, and those among them that get one."""


def row_sums(d: tf.Tensor, g: tf.Tensor) -> list[tf.Tensor]:
    """The sums of one batch, float64 scalars; 0 each where the rank is not known.

    Args:
        d: the gradient of what is differentiated, float64 [rows, ...].
        g: that of the reference.
    """
    if not g.shape.rank:
        return [tf.zeros((), tf.float64)] * len(SUMS)
    within = list(range(1, g.shape.rank))
    product, squared = tf.reduce_sum(d * g, within), tf.reduce_sum(g * g, within)
    rows = tf.cast(tf.shape(g)[0], tf.float64)
    along = tf.math.divide_no_nan(tf.square(product), squared)
    if g.shape[1:].num_elements() == 1:  # always a multiple
        along = tf.zeros_like(along)
    has = squared > 0.0
    reached = has & (tf.reduce_sum(d * d, within) > 0.0)
    return [
        rows * tf.reduce_sum(product),
        tf.square(rows) * tf.reduce_sum(squared),
        tf.reduce_sum(along),
        tf.reduce_sum(tf.cast(has, tf.float64)),
        tf.reduce_sum(tf.cast(reached, tf.float64)),
    ]


def row_columns(new: Mapping[str, float], squared: float) -> dict[str, float]:
    """The columns of a record.

    Args:
        new: the sums since the record before, of all outputs.
        squared: the sum of d^2.
    """
    if not (new["rows"] > 0 and new["rows_squared"] > 0 and squared > 0):
        return {}
    along = new["along_rows"] or np.nan
    return {
        "rows_factor": new["by_rows"] / new["rows_squared"],
        "rows_cosine": float(new["by_rows"] / (new["rows_squared"] * squared) ** 0.5),
        "row_cosine": float((along / squared) ** 0.5),
        "rows_reached": new["rows_reached"] / new["rows"],
    }

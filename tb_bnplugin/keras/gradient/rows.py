"""The gradients of two losses, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.gradient.products import Products

SUMS: Final = ("by_rows", "rows_squared", "along_rows", "rows", "rows_reached")
"""With d the gradient of what is differentiated, g that of the reference, and n the rows of the
batch: the sums of d * n g, and of (n g)^2; that of (d_i g_i)^2 / g_i^2 over the rows i, which is
the sum of d^2 where each row is a multiple of its own (0 where rows have one number); the rows in
which the reference has a gradient, and those among them that get one."""


def row_sums(by_row: Products) -> list[tf.Tensor]:
    """The sums of one batch, float64 scalars, of products [rows]; 0 each of another shape."""
    product, given, squared = by_row.all
    if squared.shape.rank != 1:
        return [tf.zeros((), tf.float64)] * len(SUMS)
    rows = tf.cast(tf.size(squared), tf.float64)
    along = tf.math.divide_no_nan(tf.square(product), squared)
    if not by_row.several:  # always a multiple
        along = tf.zeros_like(along)
    has = squared > 0.0
    return [
        rows * tf.reduce_sum(product),
        tf.square(rows) * tf.reduce_sum(squared),
        tf.reduce_sum(along),
        tf.reduce_sum(tf.cast(has, tf.float64)),
        tf.reduce_sum(tf.cast(has & (given > 0.0), tf.float64)),
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

"""A mean that a loop divides by the rows of a batch once more, by the value that it gives."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.history.model import ModelHistory

EXACTLY: Final = 1e-4
"""Relative: a mean in float32 that is divided by the rows is 1/rows of it to some 1e-6."""

DIGITS: Final = 2
"""Of a number that a program may be written with, as a weight of a loss: 0.01, but not 0.015625."""

A_WEIGHT: Final = 0.1
"""From here on any factor may be a weight: 1/8 with batches of 8 rows."""


def rows_of_a_mean_divided_again(history: ModelHistory) -> float | None:
    """The rows of a batch, where the given value is Keras' mean of the loss divided by them.

    To the digit, in batches of the most frequent size. None where it is not, and where 1/rows is
    what a program may choose: a number of two digits (100 rows, and a weight of 0.01), a large one,
    or 1/outputs.
    """
    if len(history.losses) != 1:
        return None
    [loss] = history.losses
    if loss.facts is None or loss.facts.taken_from == "probe_data" or loss.facts.weighted:
        return None
    value, mean, rows, outputs = (
        losses.loss_column(loss, name) for name in ("value_given", "keras_mean", "batch", "outputs")
    )
    usual = losses.frequent_batch(history, loss)
    usable = (rows == usual) & np.isfinite(value) & np.isfinite(mean) & (mean != 0.0)
    if not usable.any() or may_be_chosen(1.0 / usual):
        return None
    of_outputs = np.isfinite(outputs[usable]) & (np.abs(outputs[usable] / usual - 1.0) < 0.005)
    exact = np.abs(value[usable] / mean[usable] * usual - 1.0) <= EXACTLY
    return usual if exact.all() and not of_outputs.any() else None


def may_be_chosen(factor: float) -> bool:
    """True of a factor that a program may be written with, as a weight of a loss."""
    if factor > 1.0:
        return factor <= 1.0 / A_WEIGHT or _is_written(factor, 1)
    return factor >= A_WEIGHT or _is_written(factor, DIGITS)


def _is_written(factor: float, digits: int) -> bool:
    return abs(float(f"{factor:.{digits}g}") / factor - 1.0) <= EXACTLY

"""Data of another scale than what moving statistics were made of: `x` for `x / 255`."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LOG_SCALE: Final = math.log(16.0)
"""Variance: inputs four times as large or small. Other data of the same kind do less."""

LOG_ALIKE: Final = math.log(4.0)
"""Between a tenth and nine tenths of the channels: a scale is the same in all of them."""

CHANNELS: Final = 4
"""With fewer, a factor is alike in all of them by chance."""

MOST: Final = 0.8
"""Share of the channels that must agree."""

MEAN_WITHIN: Final = 0.5
"""Standard deviations, as far as the mean may be from the scaled one."""

LOG_MIXED: Final = math.log(1.5)
"""Variance, as far as it may be from that of the start and of the data, mixed."""

HALF: Final = 0.5
"""Share of the channels that the start has to explain: weights that train move the others."""

LOG_EQUAL: Final = 1e-3
"""Variances of all channels that are as near as that are no statistics of data."""

START: Final = (0.0, 1.0)
"""Mean and variance with which statistics begin."""


def scale_of(old: Floats, new: Floats) -> float | None:
    """The number of times that data are as large as those of the old statistics.

    None where they are of the same scale, or where the old statistics may be wrong for another
    reason: they hold their starting value, or part of it, or are of something else.

        trained on x / 255      mean 0.12, 0.31, ...   variance 0.05, 0.02, ...
        recalibrated on x       mean 30.6, 79.1, ...   variance 3251, 1300, ...
        so the data are         sqrt(65025) = 255 times as large, in all channels

    Args:
        old, new: [2, channels], mean and variance of a layer that has no other before it: what
            enters it is in proportion to the data.
    """
    known = (
        (old[1] > 0) & (new[1] > 0) & np.isfinite(old).all(axis=0) & np.isfinite(new).all(axis=0)
    )
    if known.sum() < max(CHANNELS, MOST * len(known)):
        return None
    (mean, variance), (new_mean, new_variance) = old[:, known], new[:, known]
    wider = np.log(new_variance) - np.log(variance)
    low, middle, high = np.quantile(wider, [0.1, 0.5, 0.9])
    if not abs(middle) > LOG_SCALE or high - low > LOG_ALIKE:
        return None
    if np.ptp(np.log(variance)) < LOG_EQUAL or _holds_start(mean, variance, new_mean, new_variance):
        return None
    times = math.exp(middle / 2)
    scaled = np.abs(new_mean - times * mean) <= MEAN_WITHIN * np.sqrt(new_variance)
    return times if scaled.mean() >= MOST else None


def _holds_start(mean: Floats, variance: Floats, new_mean: Floats, new_variance: Floats) -> bool:
    """True where the old statistics may be the new ones, mixed with what they began with."""
    of_data = (variance - START[1]) / np.where(new_variance == START[1], np.nan, new_variance - 1)
    share = float(np.nanmedian(of_data)) if np.isfinite(of_data).any() else math.nan
    if not 0.0 <= share <= 1.0:
        return False
    mixed = START[1] + share * (new_variance - START[1])
    near = np.abs(np.log(variance) - np.log(mixed)) <= LOG_MIXED
    near &= np.abs(mean - share * new_mean) <= MEAN_WITHIN * np.sqrt(variance)
    return bool(near.mean() >= HALF)

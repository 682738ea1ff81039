"""A probed layer: its moving statistics against those of what enters it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Entered:
    """The statistics of what entered a layer in one call, with their standard errors."""

    mean: Floats  # [channels]
    variance: Floats
    mean_error: Floats  # of the mean over the rows; infinite with a single row
    variance_error: Floats

    @classmethod
    def from_rows(cls, values: Floats, sums: Floats, squares: Floats) -> Entered:
        """The statistics from the sums of each row.

        Values of one row (the pixels of an image) are alike, so that the errors count rows.

        Args:
            values: [rows] values of each channel in a row.
            sums: [rows, channels] of these values.
            squares: [rows, channels] of the squares of their deviations from the mean of all rows.
        """
        rows, held = len(values), values[:, np.newaxis]
        spread = np.sqrt(rows / (rows - 1)) if rows > 1 else np.inf
        mean, variance = sums.sum(axis=0) / values.sum(), squares.sum(axis=0) / values.sum()

        def error(of: Floats, around: Floats) -> Floats:
            if rows < 2:
                return np.full(len(around), np.inf)
            off = np.square(of - around * held).sum(axis=0)
            return np.asarray(spread * np.sqrt(off) / values.sum(), np.float64)

        return cls(
            mean=mean,
            variance=variance,
            mean_error=error(sums, mean),
            variance_error=error(squares, variance),
        )


def compare(
    calls: Sequence[Entered], moving_mean: Floats, moving_variance: Floats, epsilon: float
) -> dict[str, float]:
    """The values of PROBE_LAYER_COLUMNS of a layer.

    With several calls in one pass the batch statistics are the means over the calls: what the
    moving statistics become when each call updates them.

    Args:
        calls: what entered, call by call, at least one.
        moving_mean: [channels] of the layer.
        moving_variance: the same.
        epsilon: of the layer.
    """
    mean = np.mean([call.mean for call in calls], axis=0)
    variance = np.mean([call.variance for call in calls], axis=0)
    square = variance + epsilon
    size = np.sqrt(square)
    with np.errstate(all="ignore"):
        shift = np.log((moving_variance + epsilon) / square)
        apart = [np.abs(call.mean - mean) / size for call in calls]
        factors = [np.abs(np.log((call.variance + epsilon) / square)) for call in calls]
        swapped = np.maximum(
            np.abs(moving_variance - mean) / size, np.abs(np.log((moving_mean + epsilon) / square))
        )
        columns = {
            "batch_mean": mean.mean(),
            "batch_variance": variance.mean(),
            "mean_gap": np.median(np.abs(moving_mean - mean) / size),
            "variance_gap": np.median(np.abs(shift)),
            "variance_shift": np.median(shift),
            "mean_gap_error": np.median(np.mean([c.mean_error for c in calls], axis=0) / size),
            "variance_gap_error": np.median(
                np.mean([c.variance_error for c in calls], axis=0) / square
            ),
            "calls": len(calls),
            "calls_mean_gap": np.median(np.max(apart, axis=0)),
            "calls_variance_gap": np.median(np.max(factors, axis=0)),
            "swapped_gap": np.median(swapped),
        }
    return {name: float(value) for name, value in columns.items()}

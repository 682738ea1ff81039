"""Mean and variance of many values, from those of their parts: the law of total variance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Pooled:
    """Counts, means and squared deviations of channels, part by part.

    A part that is a hundred times as large counts a hundred times as much. Means of parts that
    differ are part of the variance of the whole, and a channel without values in a part is left
    as it is.
    """

    def __init__(self, channels: int) -> None:
        self.counts: Floats = np.zeros(channels)
        self.mean: Floats = np.zeros(channels)
        self._squares: Floats = np.zeros(channels)  # of the deviations from the mean

    def add(self, counts: Floats, mean: Floats, squares: Floats) -> None:
        """Take in a part.

        Args:
            counts: [channels] values.
            mean: of these.
            squares: sum of the squares of their deviations from that mean.
        """
        total = self.counts + counts
        share = np.divide(counts, total, out=np.zeros_like(total), where=total > 0)
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.where(counts > 0, mean - self.mean, 0.0)
            self._squares += np.where(counts > 0, squares, 0.0)
            self._squares += np.square(apart) * self.counts * share
            self.mean += apart * share
        self.counts = total

    @property
    def variance(self) -> Floats:
        """The variance of all values, without Bessel's correction; NaN where there are none."""
        none = np.full_like(self.counts, np.nan)
        return np.divide(self._squares, self.counts, out=none, where=self.counts > 0)

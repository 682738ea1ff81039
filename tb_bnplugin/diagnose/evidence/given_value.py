"""The value that a loop gives beside its loss: what it made of what the loss returned."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.history.model import Floats

POWERS: Final = (-1, 0, 1, 2)
"""Of the rows, by which a loop divides: a mean that is made a sum again, up to a sum that is
divided twice."""

FEWEST: Final = 3
"""Measurements: of two, one of four powers fits by chance more easily."""

FITS: Final = 1e-3
"""Relative: sums in float32 agree far better, and losses with something added do not."""

OTHERWISE: Final = 5e-3
"""Relative: a power that is farther off than this is another one, see
`evidence.losses.RELATIVE_TOLERANCE`."""


def power_of_rows(value: Floats, measured: Floats, rows: Floats) -> int | None:
    """The k of value = constant x measured / rows^k, over batches of several sizes [records].

    None where batches of one size were measured, or no one power fits, as with a regularizer.
    """
    # rows        64      64      51
    # measured    32.0    25.6    10.2     the sum of what the loss returned
    # value       1/128   1/160   1/409.6  k = 0: 1/4096 of the sum, whatever the rows
    known = np.isfinite(value) & np.isfinite(measured) & (measured != 0.0) & (rows > 0.0)
    if int(known.sum()) < FEWEST:
        return None
    quotient = value[known] / measured[known]
    apart = {power: _spread(quotient * rows[known] ** power) for power in POWERS}
    near = [power for power in POWERS if apart[power] <= OTHERWISE]
    return near[0] if len(near) == 1 and apart[near[0]] <= FITS else None


def _spread(values: Floats) -> float:
    """The largest distance from the middle, relative to it."""
    middle = float(np.median(values))
    return float(np.abs(values / middle - 1.0).max()) if middle else float("inf")

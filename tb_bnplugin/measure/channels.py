"""The channels of all layers in one array: which are ranked, and where two readings differ."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

RANKED_CHANNELS: Final = 128
"""Medians and quartiles are taken over at most so many evenly spaced channels of a layer: with
all channels of wide layers, ranking them would cost more than all the rest of a record."""


def ranked_channels(
    offsets: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]]:
    """The channels that are ranked, and (layers, index into them) for the layers of each width."""
    widths = np.diff(offsets)
    taken = np.minimum(widths, RANKED_CHANNELS)
    chosen = [
        begin + np.linspace(0, width - 1, count).round().astype(np.int64)
        for begin, width, count in zip(offsets, widths, taken, strict=False)
    ]
    begins = np.concatenate([[0], np.cumsum(taken)])
    groups = []
    for count in np.unique(taken):
        layers = np.flatnonzero(taken == count)
        groups.append((layers, begins[layers][:, None] + np.arange(count)[None]))
    return np.concatenate(chosen) if chosen else np.zeros(0, np.int64), groups


def differs(one: npt.NDArray[np.generic], other: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Where two arrays differ in any bit; NaN equals itself here."""
    bits = np.dtype(f"u{one.dtype.itemsize}")
    different: npt.NDArray[np.bool_] = np.not_equal(one.view(bits), other.view(bits))
    return different

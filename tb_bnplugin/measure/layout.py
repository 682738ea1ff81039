"""Which channels belong to which layer, and what is known of a layer before it trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.measure.reading import LayerStart

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

RANKED_CHANNELS: Final = 128
"""Medians and quartiles are taken over at most so many evenly spaced channels of a layer: with
all channels of wide layers, ranking them would cost more than all the rest of a record."""


class Layout:
    """The channels of all layers, one behind the other; made anew when layers are added.

    An example, two layers of 3 and 2 channels:

        offsets   0, 3, 5
        owner     0, 0, 0, 1, 1
    """

    def __init__(self, starts: Sequence[LayerStart]) -> None:
        widths = [start.channels for start in starts]
        self.offsets: Indices = np.cumsum([0, *widths]).astype(np.int64)  # the last is the end
        self.momentum: Floats = np.array([start.momentum for start in starts])  # [layers]
        self.ranked = _ranked_channels(self.offsets)
        owner = np.repeat(np.arange(len(starts)), widths)  # layer of each channel
        self.ranked_owner: Indices = owner[self.ranked]
        epsilon = np.array([start.epsilon for start in starts])
        self.ranked_epsilon: Floats = epsilon[self.ranked_owner]  # [ranked channels]
        self._counts = np.minimum(widths, RANKED_CHANNELS).astype(np.int64)
        self._rows = _rows_of_layers(self._counts)

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return len(self.offsets) - 1

    @property
    def heads(self) -> Indices:
        """Where [layers] the channels of each layer begin."""
        return self.offsets[:-1]

    @property
    def widths(self) -> Indices:
        """Channels of each layer [layers]."""
        return np.diff(self.offsets)

    def channels_of(self, layer: int) -> slice:
        """The channels of one layer."""
        return slice(int(self.offsets[layer]), int(self.offsets[layer + 1]))

    def quantiles(self, values: Floats, share: float | None) -> tuple[Floats, Floats]:
        """Median and upper quantile [kinds, layers] of values [kinds, ranked channels].

        Args:
            values: one row for each kind of value.
            share: the upper quantile is the smallest value that at most this share exceeds; NaN
                where None: the median alone is asked for.
        """
        if not self.layers:
            empty = np.zeros((len(values), 0))
            return empty, empty
        filled = np.concatenate([values, np.full((len(values), 1), np.nan)], axis=1)
        ordered = np.sort(filled[:, self._rows], axis=2)  # NaN, also that which fills, at the end
        layers, counts = np.arange(self.layers), self._counts
        low, high = (counts - 1) // 2, counts // 2
        median = (ordered[:, layers, low] + ordered[:, layers, high]) / 2
        if share is None:
            return median, np.full_like(median, np.nan)
        return median, ordered[:, layers, np.ceil((1 - share) * counts).astype(np.int64) - 1]


def _ranked_channels(offsets: Indices) -> Indices:
    """The channels that are ranked, those of one layer behind those of the other."""
    widths = np.diff(offsets)
    chosen = [
        begin + np.linspace(0, width - 1, min(width, RANKED_CHANNELS)).round().astype(np.int64)
        for begin, width in zip(offsets, widths, strict=False)
    ]
    return np.concatenate(chosen) if chosen else np.zeros(0, np.int64)


def _rows_of_layers(counts: Indices) -> Indices:
    """Index [layers, widest] of the ranked channels of each layer, filled up with their number."""
    places = np.arange(counts.max(initial=0))
    begins = np.cumsum(counts) - counts
    return np.where(places < counts[:, None], begins[:, None] + places, counts.sum())


def differs(one: npt.NDArray[np.generic], other: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Where two arrays differ in any bit; NaN equals itself here."""
    bits = np.dtype(f"u{one.dtype.itemsize}")
    different: npt.NDArray[np.bool_] = np.not_equal(one.view(bits), other.view(bits))
    return different

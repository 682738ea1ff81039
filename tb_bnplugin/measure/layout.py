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
        self.owner: Indices = np.repeat(np.arange(len(starts)), widths)  # layer of each channel
        self.momentum: Floats = np.array([start.momentum for start in starts])  # [layers]
        epsilon = np.array([start.epsilon for start in starts])
        self.epsilon: Floats = epsilon[self.owner]  # [channels]
        self.ranked, self._groups = _ranked_channels(self.offsets)

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
        median = np.full((len(values), self.layers), np.nan)
        upper = np.full((len(values), self.layers), np.nan)
        for layers, index in self._groups:
            channels = index.shape[1]
            low, high = (channels - 1) // 2, channels // 2
            at = high if share is None else int(np.ceil((1 - share) * channels)) - 1
            ordered = np.partition(values[:, index], sorted({low, high, at}), axis=2)
            median[:, layers] = (ordered[:, :, low] + ordered[:, :, high]) / 2
            if share is not None:
                upper[:, layers] = ordered[:, :, at]
        return median, upper


def _ranked_channels(offsets: Indices) -> tuple[Indices, list[tuple[Indices, Indices]]]:
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

"""How long the starting values of the moving statistics still shape them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.measure.layout import Floats, Layout
from tb_bnplugin.measure.reading import LayerStart
from tb_bnplugin.schedule import Schedule
from tb_bnplugin.schema.thresholds import START_MEAN_SHARE, START_VARIANCE_FACTOR

UPDATE_GROWTH: Final = 1.01
"""Factor by which the updates grow until the influence of the start is computed again."""


class StartingValues:
    """The statistics that each layer began with, and their influence on those it has."""

    def __init__(self) -> None:
        self.starts: list[LayerStart] = []
        self._updates_before: Floats = np.zeros(0)  # [layers], as `starts` has them
        self._from_initializer = np.zeros(0, bool)
        self.mean: Floats = np.zeros(0)  # [channels]
        self.variance: Floats = np.zeros(0)
        self._schedule = _update_schedule()

    def append(
        self,
        starts: Sequence[LayerStart],
        mean: npt.NDArray[np.generic],
        variance: npt.NDArray[np.generic],
    ) -> None:
        """Add layers behind the known ones."""
        self.starts.extend(starts)
        self._read_starts()
        self.mean = np.concatenate([self.mean, mean.astype(float)])
        self.variance = np.concatenate([self.variance, variance.astype(float)])
        self._schedule = _update_schedule()

    def replace(
        self,
        layer: int,
        start: LayerStart,
        channels: slice,
        mean: npt.NDArray[np.generic],
        variance: npt.NDArray[np.generic],
    ) -> None:
        """Take other statistics as those a layer began with."""
        self.starts[layer] = start
        self._read_starts()
        self.mean[channels], self.variance[channels] = mean, variance
        self._schedule = _update_schedule()

    def is_due(self, updates: float) -> bool:
        """Return True where enough updates were made for the influence to have changed."""
        return self._schedule.is_due(updates)

    def updates_needed(
        self, layout: Layout, mean: Floats, variance: Floats, trained: Floats
    ) -> Floats:
        """For each ranked channel, the updates after which its start no longer matters.

        With n updates since the start, `(moving - m^n start) / (1 - m^n)` is the estimate
        without it. N is the smallest count at which `m^N |start - estimate|` moves the variance
        (with epsilon, as the layer uses it) by less than START_VARIANCE_FACTOR, and the mean by
        less than START_MEAN_SHARE standard deviations. An example, momentum 0.9, a variance that
        starts at 1 where the batches have 0.1, epsilon 0:

            after 10 updates    moving = 0.1 + 0.9^10 (1 - 0.1) = 0.414
            estimate            (0.414 - 0.349 * 1) / (1 - 0.349) = 0.1
            allowed             0.9^N * 0.9 < (2 - 1) * 0.1, so N > ln(9) / -ln(0.9) = 20.9

        Args:
            layout: of the layers.
            mean: moving means [ranked channels].
            variance: moving variances, the same.
            trained: executions in training mode of each layer [layers], as counted.
        """
        momentum, ranked = layout.momentum, layout.ranked
        owner, epsilon = layout.ranked_owner, layout.ranked_epsilon
        kept = self._kept(layout, trained)
        share = kept[owner]
        log_momentum = np.log(np.where(np.isnan(kept), np.nan, momentum))[owner]
        start_mean, start_variance = self.mean[ranked], self.variance[ranked]
        estimate = (mean - share * start_mean) / (1 - share)
        spread = np.maximum((variance - share * start_variance) / (1 - share), 0) + epsilon
        excess = start_variance + epsilon - spread
        factor = START_VARIANCE_FACTOR
        allowed = np.where(excess > 0, factor - 1, 1 - 1 / factor) * spread
        # The larger of both ratios needs the more updates: one logarithm serves both.
        needed = np.maximum(
            np.abs(excess) / allowed,
            np.abs(start_mean - estimate) / (START_MEAN_SHARE * np.sqrt(spread)),
        )
        return np.asarray(np.maximum(-np.log(needed) / log_momentum, 0), np.float64)

    def without_start(self, layout: Layout, variance: Floats, trained: Floats) -> Floats:
        """The moving variances [ranked channels] without what is left in them of the start.

        Loaded statistics are as good as any later ones: they stay as they are.
        """
        kept = self._kept(layout, trained)
        share = np.where(np.isnan(kept), 0.0, kept)[layout.ranked_owner]
        start = self.variance[layout.ranked]
        return np.asarray(np.maximum((variance - share * start) / (1 - share), 0), np.float64)

    def _read_starts(self) -> None:
        self._updates_before = np.array([start.updates_before for start in self.starts], float)
        self._from_initializer = np.array([start.from_initializer for start in self.starts], bool)

    def _kept(self, layout: Layout, trained: Floats) -> Floats:
        """Share of the start that is left [layers], m^n; NaN where there is nothing to take out."""
        momentum = layout.momentum
        updates = trained - self._updates_before
        usable = self._from_initializer & (updates > 0) & (momentum < 1) & (momentum > 0)
        return np.asarray(np.where(usable, momentum**updates, np.nan), np.float64)


def _update_schedule() -> Schedule:
    return Schedule(lambda updates: max(updates + 1, UPDATE_GROWTH * updates))

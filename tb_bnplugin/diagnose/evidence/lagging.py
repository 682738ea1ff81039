"""A moving mean that lags behind the batches of training, whose own means move as they train."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.batch_gap import batch_gap
from tb_bnplugin.diagnose.evidence.layers import Mask, updates_since_start
from tb_bnplugin.diagnose.evidence.momentum import averages
from tb_bnplugin.diagnose.evidence.probe_gap import MEAN_GAP
from tb_bnplugin.history.model import Floats, ModelHistory

RECORDS_AT_LEAST: Final = 5
"""Records through which a line is laid: with fewer, its error is not known."""


def lag_of_mean(history: ModelHistory, layers: Mask) -> float | None:
    """How far the batches of training are from the moving mean of layers [layers] that train.

    In standard deviations of the batch, the median of the newest records, which cover what the
    moving average remembers, of the layer where it is most; None where it is less than what a rule
    tells of the held batch, so that the average follows its batches.
    """
    first = batch_gap(history).first
    gaps = np.median(np.nan_to_num(history.layer("mean_gap")[first:]), axis=0)
    largest = float(gaps[layers].max(initial=0.0))
    return largest if largest > MEAN_GAP else None


def drift_of_mean(history: ModelHistory, at: int) -> Floats:
    """How far the means of the batches move with each update [layers], up to a record.

    In standard deviations of the batch, by a line through the newer half of the updates, less two
    of its standard errors. 0 where the moving mean is near, or there are too few records to tell.
    The channels of a layer move to either side: what is left in their mean is taken times the root
    of their number.
    """
    updates = updates_since_start(history)[: at + 1]
    gaps = np.nan_to_num(history.layer("mean_gap")[at])
    means, variances = history.layer("batch_mean"), history.layer("batch_variance")
    drift = np.zeros(len(gaps))
    for layer in np.flatnonzero(averages(history) & (gaps > MEAN_GAP)):
        made, mean = updates[:, layer], means[: at + 1, layer]
        newer = (made > made[-1] / 2) & np.isfinite(mean)
        if len(np.unique(made[newer])) >= RECORDS_AT_LEAST:
            facts = history.facts.layers[layer]
            spread = variances[at, layer] + (facts.epsilon or 0.0)
            sure = _sure_slope(made[newer], mean[newer])
            drift[layer] = sure * np.sqrt((facts.channels or 1) / spread)
    return np.nan_to_num(drift, posinf=0.0)


def _sure_slope(at: Floats, values: Floats) -> float:
    """The slope of a line, less two of its standard errors; 0 where that is none."""
    at, values = at - at.mean(), values - values.mean()
    slope = float(at @ values / (at @ at))
    off = values - slope * at
    error = float(np.sqrt(off @ off / (len(at) - 2) / (at @ at)))
    return max(abs(slope) - 2 * error, 0.0)


def lag_behind(drift: Floats, momentum: float) -> float:
    """How far a moving mean stays behind means that move like this: d m / (1 - m), the largest.

    The gap e of batch and moving mean becomes m (e + d) with each update.
    """
    return float(np.max(drift, initial=0.0)) * momentum / (1 - momentum)

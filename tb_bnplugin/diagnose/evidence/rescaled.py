"""The scale of what enters the first layer on the held batch, against that of the training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.adaptation import lacks_statistics
from tb_bnplugin.diagnose.evidence.layers import all_executions, newest
from tb_bnplugin.diagnose.evidence.probe_gap import LOG_GAP, ProbeGap
from tb_bnplugin.history.model import Floats, ModelHistory

LOG_SCALE: Final = math.log(16.0)
"""Variance: inputs four times as large or small. Dropout and batches of one kind do less."""

RECORDS: Final = 10
"""Newest records whose batches are compared with the held one."""

RECORDS_AT_LEAST: Final = 5
"""With fewer, all of them may be odd batches."""

PROBES: Final = 2
"""Newest probes in which it must be so."""


MEAN_WITHIN: Final = 2.0
"""Factor: as near the mean over the channels must be to what the spread says."""


@dataclass(frozen=True)
class Rescaled:
    """The first layer that the held batch enters, and how much larger that is there."""

    layer: int
    times: float  # spread of the held batch over that of the batches of training


def rescaled(history: ModelHistory, probe: ProbeGap) -> Rescaled | None:
    """The other scale of the held batch; None where another cause may explain the gap, or none is.

    Of the first layer alone: those behind it see what it gives. Its moving statistics may still
    hold their starting value, as long as the held batch is beyond what that explains. Batches of
    one kind each have less variance than all rows together, by the distances of their means: what
    these explain is left out. Dropout and noise before the layer raise the variance in training
    without a bound, and leave the mean: smaller inputs must have a smaller mean, too.

    An example, batches of `x / 255` with a variance of 0.05 in the layer, a held batch of `x`:

        ln(held variance / variance of the batches)     ln(0.05 * 255^2 / 0.05) = 11.1
        most that the means of the batches explain      ln(1 + 0.3^2) = 0.09
        so the inputs are 255 times as large            exp(11.1 / 2)
    """
    first = _first_layer(history, probe)
    if first is None or len(probe.apart) < PROBES:
        return None
    lasting = (probe.apart[-PROBES:, first] & probe.worse[-PROBES:]).all()
    shift = float(probe.shift[first])
    if not lasting or not abs(shift) > LOG_GAP:
        return None
    batches, moving, gap = _training(history, probe, first)
    if len(batches) < RECORDS_AT_LEAST:
        return None
    epsilon = history.facts.layers[first].epsilon or 0.0
    held = (moving + epsilon) * math.exp(-shift)  # with epsilon, as the layer adds it
    wider = np.log(held / (batches + epsilon))
    beyond = np.abs(wider) - math.log1p(gap**2) > LOG_SCALE
    if not (beyond & (np.sign(wider) == -np.sign(shift))).all():
        return None
    variances = np.maximum(np.array([held - epsilon, np.median(batches)]), np.finfo(float).tiny)
    times = float(np.sqrt(variances[0] / variances[1]))
    if times < 1.0 and not _mean_is_scaled(history, first, times):
        return None
    return Rescaled(first, times)


def _mean_is_scaled(history: ModelHistory, layer: int, times: float) -> bool:
    """True where the mean is as many times smaller as the spread: Dropout and noise leave it."""
    probed = history.probe_layers
    if probed is None or "batch_mean" not in probed.columns:
        return False
    held = float(probed.columns["batch_mean"][-1, layer])
    training = float(np.nan_to_num(newest(history.layer("moving_mean"))[layer]))
    if training == 0.0 or not np.isfinite(held):
        return False
    return times / MEAN_WITHIN < held / training < times * MEAN_WITHIN


def _first_layer(history: ModelHistory, probe: ProbeGap) -> int | None:
    """The first layer that ran, where the probe measured it in one call."""
    ran = np.flatnonzero(all_executions(history)[-1] > 0)
    if not len(ran) or lacks_statistics(history)[ran[0]]:
        return None
    first = int(ran[0])
    return first if probe.measured[first] and probe.calls[first] == 1 else None


def _training(history: ModelHistory, probe: ProbeGap, layer: int) -> tuple[Floats, float, float]:
    """Variances [records] of the newest batches up to the newest probe, and two numbers.

    These are the moving variance at the probe, and how far at most one of the batches is from the
    moving mean, in standard deviations.
    """
    until = int(np.searchsorted(history.steps, probe.step, side="right"))
    variances = history.layer("batch_variance")[:until, layer]
    gaps = history.layer("mean_gap")[:until, layer]
    known = np.flatnonzero(np.isfinite(variances) & (variances >= 0) & np.isfinite(gaps))[-RECORDS:]
    moving = float(history.layer("moving_variance")[max(until - 1, 0), layer])
    return variances[known], moving, float(gaps[known].max(initial=0.0))

"""Layers in the probes: the gap between their moving statistics and what enters at inference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask, newest
from tb_bnplugin.diagnose.evidence.mode_gap import mode_gap
from tb_bnplugin.diagnose.evidence.momentum import momenta
from tb_bnplugin.history.model import Floats, ModelHistory, Steps

LOG_GAP: Final = math.log(2.0)
"""A factor of two in the variance scales activations by 1.4, as BN201 has it for the start,"""

MEAN_GAP: Final = 0.5
"""... and half a standard deviation moves them as far."""

ERRORS: Final = 4.0
"""Standard errors that a gap must exceed: chance does that once in 16,000 layers."""


SWAPPED_WITHIN: Final = 0.25
"""Gap that mean and variance leave at most once they have changed places: half of MEAN_GAP, and no
chance does it in half of the channels."""


@dataclass(frozen=True, kw_only=True)
class ProbeGap:
    """The gaps of the layers, probe by probe; medians over their channels."""

    steps: Steps  # [probes]
    measured: Mask  # [layers] in the newest probe
    apart: Mask  # [probes, layers] the statistics do not fit, beyond noise
    swapped: Mask  # [layers] they do not, and would if mean and variance changed places; newest
    worse: Mask  # [probes] the model is much worse with moving statistics
    better: Mask  # [probes] it is much better with them
    same: bool  # in the newest probe, it loses nothing with them
    scored: bool  # the newest probe has a score: without one nothing is known of these
    score: str  # of the newest probe, in words
    mean: Floats  # [layers] in standard deviations, newest
    shift: Floats  # [layers] ln of moving variance over batch variance, newest
    calls: Floats  # [layers] in one pass of the model, newest
    calls_mean: Floats  # [layers] of the farthest call from the mean over them, as the gaps
    calls_variance: Floats

    @property
    def mixed(self) -> Mask:
        """Layers [layers] called several times a pass, on what differs as much; newest."""
        apart = (self.calls_mean > MEAN_GAP) | (self.calls_variance > LOG_GAP)
        return np.asarray(apart, bool)

    @property
    def step(self) -> int:
        """Step of the newest probe."""
        return int(self.steps[-1])

    def since(self, layers: Mask) -> int:
        """First step of the stretch up to the newest probe in which these [layers] did not fit."""
        clear = np.flatnonzero(~self.apart[:, layers].any(axis=1))
        return int(self.steps[clear[-1] + 1 if len(clear) else 0])


def probe_gap(history: ModelHistory) -> ProbeGap | None:
    """The gaps in the probes that measured layers; None where there are none."""
    layers, whole = history.probe_layers, mode_gap(history.probe)
    if layers is None:
        return None
    # a log may lack the one record or the other of a probe
    _, kept, scores = np.intersect1d(layers.steps, whole.steps, return_indices=True)
    if not len(kept):
        return None

    def column(name: str) -> Floats:
        missing = np.full((len(layers.steps), len(history.facts.layers)), np.nan)
        return np.asarray(layers.columns.get(name, missing)[kept], np.float64)

    mean, shift, variance = column("mean_gap"), column("variance_shift"), column("variance_gap")
    errors = ERRORS * _noise_of_the_average(history)
    apart = mean > np.maximum(MEAN_GAP, errors * column("mean_gap_error"))
    apart |= variance > np.maximum(LOG_GAP, errors * column("variance_gap_error"))
    return ProbeGap(
        steps=layers.steps[kept],
        measured=np.asarray(np.isfinite(mean[-1]) & np.isfinite(variance[-1]), bool),
        apart=np.asarray(apart, bool),
        swapped=np.asarray(apart[-1] & (column("swapped_gap")[-1] < SWAPPED_WITHIN), bool),
        worse=whole.worse[scores],
        better=whole.better[scores],
        same=bool(whole.same[scores[-1]]),
        scored=bool(whole.scored[scores[-1]]),
        score=whole.text[int(scores[-1])],
        mean=mean[-1],
        shift=shift[-1],
        calls=column("calls")[-1],
        calls_mean=column("calls_mean_gap")[-1],
        calls_variance=column("calls_variance_gap")[-1],
    )


def _noise_of_the_average(history: ModelHistory) -> Floats:
    """Factor [layers] by which the noise of the moving statistics adds to that of the held batch.

    An average of batches with momentum m has (1 - m) / (1 + m) of the variance of one of them:
    with a momentum of 0 it is the last batch.
    """
    momentum = momenta(history)
    share = np.where((momentum >= 0) & (momentum < 1), (1 - momentum) / (1 + momentum), 0.0)
    probe, rows = history.probe, float(newest(history.model("batch_frequent")))
    held = float(newest(probe.moving["batch"])) if probe and "batch" in probe.moving else np.nan
    times = held / rows if held > 0 and rows > 0 else 1.0
    return np.asarray(np.sqrt(1.0 + share * times), np.float64)

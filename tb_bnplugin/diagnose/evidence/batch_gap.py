"""Layers that train: the gap between their moving statistics and those of the batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask, layers_where, updates_since_start
from tb_bnplugin.diagnose.evidence.momentum import averages, updates_needed, updates_remembered
from tb_bnplugin.diagnose.evidence.probe_gap import LOG_GAP
from tb_bnplugin.history.model import Floats, ModelHistory

RECORDS_AT_LEAST: Final = 10
"""Records that agree: with fewer, one odd batch would make a finding."""

NOISE_FACTOR: Final = 4.0
"""Spreads of the batches' own variances, from record to record, that the gap must exceed."""

PRECISE: Final = ("float32", "float64")
"""Types of the statistics from which those of the batch can be recovered."""


@dataclass(frozen=True, kw_only=True)
class BatchGap:
    """The gaps over the newest records, which cover what the moving averages remember."""

    first: int  # record at which they begin
    judged: Mask  # [layers] updated long enough, free of their start
    apart: Mask  # [layers] of these, the statistics do not follow
    shift: Floats  # [layers] ln of moving variance over batch variance, the median of the records
    noise: Floats  # [layers] its change from record to record


def batch_gap(history: ModelHistory) -> BatchGap:
    """The gap between the moving variance, without its start, and the variance of the batches.

    Both with epsilon, as the layer uses them, channel by channel; medians over the channels.
    """
    if len(history.steps) < RECORDS_AT_LEAST:
        none = np.zeros(len(history.facts.layers), bool)
        unknown = np.full(len(none), np.nan)
        return BatchGap(first=0, judged=none, apart=none, shift=unknown, noise=unknown)
    first = _first_of_window(history)
    shift = history.layer("variance_shift")[first:]
    judged = _judgeable(history, first) & np.isfinite(shift).all(axis=0)
    noise = np.median(np.abs(np.diff(shift, axis=0)), axis=0)
    middle = np.median(shift, axis=0)
    same_side = (shift > 0).all(axis=0) | (shift < 0).all(axis=0)
    apart = judged & same_side & (np.abs(middle) > np.maximum(LOG_GAP, NOISE_FACTOR * noise))
    return BatchGap(
        first=first,
        judged=judged,
        apart=np.asarray(apart, bool),
        shift=np.asarray(middle, np.float64),
        noise=np.asarray(noise, np.float64),
    )


def _first_of_window(history: ModelHistory) -> int:
    """Where the newest records begin that cover what the slowest moving average remembers.

    Layers that were not updated for as long, frozen ones among them, are not judged at all.
    """
    # record     0  10  20  30  40     momentum 0.95 remembers 20 updates
    # updates    0  10  20  30  40     20 or more since record 20: the window begins there, or
    #                                  earlier where it would have fewer than 10 records
    updates = updates_since_start(history)
    memory = updates_remembered(history)
    grown = updates[-1] - updates
    covered = (grown >= memory)[:, grown[0] >= memory].all(axis=1)
    enough = np.flatnonzero(covered)
    newest = int(enough[-1]) if len(enough) else 0
    return min(newest, len(history.steps) - RECORDS_AT_LEAST)


def _judgeable(history: ModelHistory, first: int) -> Mask:
    """Layers [layers] with usable batch statistics in the window, free of their start."""
    updates = updates_since_start(history)
    return np.asarray(
        layers_where(history, lambda layer: layer.dtype in PRECISE)
        & averages(history)
        & (updates[-1] - updates[first] >= updates_remembered(history))
        & (np.diff(updates[first:], axis=0) > 0).all(axis=0)
        & (np.nan_to_num(updates_needed(history)[first]) <= 0),
        bool,
    )

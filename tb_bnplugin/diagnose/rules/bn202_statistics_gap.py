"""Moving and batch statistics stay apart by more than batches differ among themselves.

What it sees:
    Layers that train in training mode and whose moving variance differs from the variance of their
    batches by more than a factor of two, record after record and in the same direction.

Why it matters:
    The layer normalizes with the batch in training, and with the moving statistics in evaluation.
    While they differ, validation measures another network: the momentum is too high for
    statistics that keep changing, or the data have changed and the statistics have not yet.

How it decides:
    The rule takes the newest ten records or more, which cover at least as many updates as the
    moving average remembers, 1 / (1 - momentum). In every one of them the ratio of moving to batch
    variance (means over channels) lies on the same side of 1, and its median is beyond a factor of
    two, and beyond four times the spread that the batch variances have among themselves. Not
    judged are layers whose starting value still matters (BN201 reports those), layers whose batch
    statistics cannot be recovered (momentum 0 or 1, half precision), and layers that were not
    updated for as long (frozen ones). It is an info until the model is evaluated in these records.

What to do:
    Lower the momentum, so that the statistics follow: `BatchNormalization(momentum=0.9)`. Or lower
    the learning rate, or estimate the statistics again before evaluating, by running some
    batches with `training=True`.

When it is fine:
    Batches of one kind each (one domain or one class a batch) differ among themselves, and are
    not reported. If the data change on purpose, declare it with `expect=("BN202",)`.

References:
    https://github.com/keras-team/keras/issues/3949,
    https://github.com/affinelayer/pix2pix-tensorflow/issues/126,
    https://github.com/tensorflow/tensorflow/issues/44568
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    Mask,
    executions,
    layers_where,
    updates_since_start,
)
from tb_bnplugin.diagnose.evidence.momentum import averages, updates_needed, updates_remembered
from tb_bnplugin.diagnose.needs import RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN202", name="statistics-gap", severity="warning", needs=(RECORDS,))

RECORDS_AT_LEAST: Final = 10
"""Records that agree: with fewer, one odd batch would make a finding."""

LOG_GAP: Final = math.log(2.0)
"""A factor of two in the variance scales activations by 1.4, as BN201 has it for the start."""

NOISE_FACTOR: Final = 4.0
"""Spreads of the batches' own log variances that the gap must exceed."""

PRECISE: Final = ("float32", "float64")
"""Types of the statistics from which those of the batch can be recovered."""


def check(history: ModelHistory) -> Outcome:
    """Look for moving and batch statistics that stay apart."""
    if len(history.steps) < RECORDS_AT_LEAST:
        return RULE.not_checked(f"Needs {RECORDS_AT_LEAST} records; there are fewer. Train longer.")
    first = _first_of_window(history)
    judged = _judgeable(history, first)
    if not judged.any():
        return RULE.not_checked(
            "No layer was updated for long enough after its starting value wore off, in records"
            " from which its batch statistics can be recovered."
        )
    batch = np.log(history.layer("batch_variance")[first:])
    gaps = np.log(history.layer("moving_variance")[first:]) - batch
    noise = np.median(np.abs(np.diff(batch, axis=0)), axis=0)
    middle = np.median(gaps, axis=0)
    same_side = (gaps > 0).all(axis=0) | (gaps < 0).all(axis=0)
    wrong = judged & same_side & (np.abs(middle) > np.maximum(LOG_GAP, NOISE_FACTOR * noise))
    if not wrong.any():
        return RULE.ok("Moving statistics follow those of the batches.")
    evaluated = _evaluated(history, first)
    worst = int(np.argmax(np.where(wrong, np.abs(middle), -1.0)))
    factor = math.exp(abs(float(middle[worst])))
    return RULE.layer_finding(
        history,
        wrong,
        f"kept a moving variance {factor:.3g} times {'above' if middle[worst] > 0 else 'below'}"
        f" that of its batches over the last {len(gaps)} records.",
        fix=(
            "Lower the momentum so that the statistics follow, for example"
            " `BatchNormalization(momentum=0.9)`, or lower the learning rate. Or estimate the"
            " statistics again before evaluating, by running some batches with `training=True`."
        ),
        evidence={
            "factor": round(factor, 4),
            "noise": round(float(noise[worst]), 4),
            "records": len(gaps),
            "evaluated_meanwhile": evaluated,
        },
        steps=(int(history.steps[first]), int(history.steps[-1])),
        severity=None if evaluated else "info",
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
    batch, moving = history.layer("batch_variance")[first:], history.layer("moving_variance")
    return np.asarray(
        layers_where(history, lambda layer: layer.dtype in PRECISE)
        & averages(history)
        & (updates[-1] - updates[first] >= updates_remembered(history))
        & (np.diff(updates[first:], axis=0) > 0).all(axis=0)
        & ((batch > 0) & (moving[first:] > 0)).all(axis=0)
        & (np.nan_to_num(updates_needed(history)[first]) <= 0),
        bool,
    )


def _evaluated(history: ModelHistory, first: int) -> bool:
    inference = executions(history, "inference", ("no_tape", "evaluate")).sum(axis=1)
    evaluations = np.nan_to_num(history.model("evaluations"))
    return bool(inference[-1] > inference[first] or evaluations[-1] > evaluations[first])

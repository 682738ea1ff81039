"""Moving and batch statistics stay apart, beyond what batches differ among themselves.

What it sees:
    Layers that train in training mode and whose moving variance stays off the variance of their
    batches by more than a factor of two, record after record and in the same direction.

Why it matters:
    In training the layer normalizes with the batch, in evaluation with the moving statistics.
    While both stay apart validation is that of another network: the momentum is too high for
    statistics that go on changing, or the data have changed and the statistics have not yet.

How it decides:
    Over the newest ten records or more, which cover at least as many updates as the moving
    average remembers, 1 / (1 - momentum): in every one of them the ratio of moving to batch
    variance (means over channels) lies on the same side of 1, its median is beyond a factor of
    two, and beyond four times the spread that the batch variances have among themselves. The
    starting value must not explain it (BN201 does), so layers whose start still matters, and
    those whose batch statistics cannot be recovered (momentum 0 or 1, half precision), and those
    that were not updated for as long (frozen ones), are not judged. It is an info until the model
    is evaluated while the gap lasts.

What to do:
    Lower the momentum, so that the statistics follow: `BatchNormalization(momentum=0.9)`; lower
    the learning rate; or estimate the statistics again before evaluating, by running some
    batches with `training=True`.

When it is fine:
    Batches of one kind each (one domain or one class a batch) differ among themselves, and are
    not reported. While data are changed on purpose: declare it with `expect=("BN202",)`.

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
    count_layers,
    executions,
    missing_evidence,
    paths,
    updates_since_start,
)
from tb_bnplugin.diagnose.evidence.momentum import updates_needed
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory

RULE: Final = Rule(code="BN202", name="statistics-gap", severity="warning")

RECORDS_AT_LEAST: Final = 10
"""Records that agree: with fewer, one odd batch would make a finding."""

LOG_GAP: Final = math.log(2.0)
"""A factor of two in the variance scales activations by 1.4, as BN201 has it for the start."""

NOISE_FACTOR: Final = 4.0
"""Spreads of the batches' own log variances that the gap must exceed."""

PRECISE: Final = ("float32", "float64")
"""Types of the statistics from which those of the batch can be recovered."""


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether moving and batch statistics stay apart."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    if len(history.steps) < RECORDS_AT_LEAST:
        return (RULE.not_checked(f"fewer than {RECORDS_AT_LEAST} records: train on"),)
    first = _first_of_window(history)
    judged = _judgeable(history, first)
    if not judged.any():
        return (
            RULE.not_checked(
                "no layer was updated long enough, free of its starting value, in records from"
                " which its batch statistics can be recovered"
            ),
        )
    gaps, noise = _gaps(history, first)
    middle = np.median(gaps, axis=0)
    same_side = (gaps > 0).all(axis=0) | (gaps < 0).all(axis=0)
    wrong = judged & same_side & (np.abs(middle) > np.maximum(LOG_GAP, NOISE_FACTOR * noise))
    if not wrong.any():
        return (RULE.ok("Moving statistics follow those of the batches."),)
    evaluated = _evaluated(history, first)
    worst = int(np.argmax(np.where(wrong, np.abs(middle), -1.0)))
    factor = math.exp(abs(float(middle[worst])))
    side = "above" if middle[worst] > 0 else "below"
    return (
        RULE.finding(
            message=(
                f"{count_layers(history, np.asarray(wrong, bool))} kept a moving variance"
                f" {factor:.3g} times {side} that of its batches over the last"
                f" {len(gaps)} records."
            ),
            fix=(
                "Lower the momentum so that the statistics follow, for example"
                " `BatchNormalization(momentum=0.9)`, or the learning rate; before evaluating,"
                " run some batches with `training=True` to estimate them again."
            ),
            evidence={
                "layers": int(wrong.sum()),
                "layers_in_model": len(history.facts.layers),
                "factor": round(factor, 4),
                "noise": round(float(noise[worst]), 4),
                "records": len(gaps),
                "evaluated_meanwhile": evaluated,
            },
            layers=paths(history, np.asarray(wrong, bool)),
            steps=(int(history.steps[first]), int(history.steps[-1])),
            severity=None if evaluated else "info",
        ),
    )


def _first_of_window(history: ModelHistory) -> int:
    """Where the newest records begin that cover what the slowest moving average remembers.

    Layers that were not updated for as long, frozen ones among them, are not judged at all.
    """
    updates = updates_since_start(history)
    momenta = [layer.momentum or 0.0 for layer in history.facts.layers]
    memory = np.array([1.0 / (1.0 - m) if 0.0 < m < 1.0 else 0.0 for m in momenta])
    grown = updates[-1] - updates
    covered = (grown >= memory)[:, grown[0] >= memory].all(axis=1)
    enough = np.flatnonzero(covered)
    newest = int(enough[-1]) if len(enough) else 0
    return min(newest, len(history.steps) - RECORDS_AT_LEAST)


def _judgeable(history: ModelHistory, first: int) -> Mask:
    """Layers [layers] with usable batch statistics in the window, free of their start."""
    updates = updates_since_start(history)
    facts = history.facts.layers
    momenta = np.array([layer.momentum or 0.0 for layer in facts])
    precise = np.array([layer.dtype in PRECISE for layer in facts], bool)
    between = (momenta > 0.0) & (momenta < 1.0)
    memory = 1.0 / (1.0 - np.where(between, momenta, 0.0))
    enough = updates[-1] - updates[first] >= memory
    every_time = (np.diff(updates[first:], axis=0) > 0).all(axis=0)
    batch, moving = history.layer("batch_variance")[first:], history.layer("moving_variance")
    positive = ((batch > 0) & (moving[first:] > 0)).all(axis=0)
    started = np.nan_to_num(updates_needed(history)[first]) <= 0
    return np.asarray(precise & between & enough & every_time & positive & started, bool)


def _gaps(history: ModelHistory, first: int) -> tuple[Floats, Floats]:
    """ln(moving / batch variance) [window, layers], and the spread of ln(batch variance)."""
    batch = np.log(history.layer("batch_variance")[first:])
    moving = np.log(history.layer("moving_variance")[first:])
    changes = np.abs(np.diff(batch, axis=0))
    return moving - batch, np.asarray(np.median(changes, axis=0), np.float64)


def _evaluated(history: ModelHistory, first: int) -> bool:
    inference = executions(history, "inference", ("no_tape", "evaluate")).sum(axis=1)
    evaluations = np.nan_to_num(history.model("evaluations"))
    return bool(inference[-1] > inference[first] or evaluations[-1] > evaluations[first])

"""One layer is called on several inputs that differ, and keeps one average for all of them.

What it sees:
    Layers that one pass of the model calls several times, on inputs of different distributions:
    sensors of other units, two kinds of images, an input and its prediction.

Why it matters:
    In training each call is normalized by its own batch. In evaluation all calls are normalized
    by the same moving statistics, which are those of a mixture that no call ever sees: one input
    comes out as noise around a constant, another one ten deviations off. Training is good, and
    validation is of another network. No momentum changes that.

How it decides:
    By the probe: the means of the calls lie more than half a standard deviation, or their
    variances more than a factor of two, from the mean over the calls (medians over the channels).
    A warning where the model is also worse with moving statistics, by 5 % of the rows and nine
    rows or more (without classes: by half of the loss); an info otherwise, since the layers behind
    may have adapted. Only layers that run in training mode at least as often as they are called.
    A layer that several recorded models hold is told once. Without a probe it is not checked.

What to do:
    A normalization of its own for each input, with whatever else is shared:

        features = [BatchNormalization()(conv(x)) for x in inputs]

    `momentum` does not help there; scaling all inputs alike before the first layer may.

When it is fine:
    Siamese towers on inputs of one kind: their distributions are alike, and nothing is reported.
    Steps of a sequence whose scale changes may be meant: declare it with `expect=("BN211",)`.

References:
    https://github.com/keras-team/keras/issues/8605,
    https://github.com/keras-team/keras/issues/11927
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask, all_executions
from tb_bnplugin.diagnose.evidence.momentum import movable
from tb_bnplugin.diagnose.evidence.probe_gap import ProbeGap, probe_gap
from tb_bnplugin.diagnose.evidence.training import updates_a_step
from tb_bnplugin.diagnose.needs import PROBE, TWO_RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import num

RULE: Final = Rule(
    code="BN211",
    name="one-layer-several-distributions",
    severity="warning",
    needs=(TWO_RECORDS, PROBE),
    once_a_layer=True,
)

SEVERAL: Final = 1.5
"""Updates a step from which they are several, as BN108 has it."""

OWN_LAYER: Final = (
    "Give each input a normalization layer of its own, with whatever else is shared:"
    " `[BatchNormalization()(conv(x)) for x in inputs]`. A momentum changes nothing there."
)


def check(history: ModelHistory) -> Outcome:
    """Look for layers whose calls in one pass see different distributions."""
    probe = probe_gap(history)
    if probe is None:
        return RULE.not_checked("Nothing is known of the layers in the probe.")
    mixed = mixed_layers(history, probe)
    if mixed.any():
        return _finding(history, probe, mixed)
    ran = all_executions(history)[-1] > 0
    if not ran.any() or (ran & ~probe.measured).any():
        return RULE.not_checked("Some layers were not measured in the probe.")
    if (probe.calls >= 2).any():
        return RULE.ok("The calls of each layer in one pass see inputs of one distribution.")
    return RULE.ok("No layer is called several times in one pass.")


def mixed_layers(history: ModelHistory, probe: ProbeGap) -> Mask:
    """Layers [layers] that train on several inputs a pass, which differ."""
    several = updates_a_step(history)[1] >= SEVERAL
    return np.asarray(several & movable(history) & (probe.calls >= 2) & probe.mixed, bool)


def _finding(history: ModelHistory, probe: ProbeGap, mixed: Mask) -> Outcome:
    worse = bool(probe.worse[-1])
    first = int(np.flatnonzero(mixed)[0])
    path = history.facts.layers[first].path
    apart, factor = float(probe.calls_mean[first]), math.exp(float(probe.calls_variance[first]))
    return RULE.layer_finding(
        history,
        mixed,
        f"normalized inputs of different distributions, {int(probe.calls[mixed].max())} in one"
        " pass: the moving statistics are those of a mixture that none of them has. In"
        f" {path} the farthest call is {num(apart)} standard deviations and a"
        f" factor of {num(factor)} in variance from the mean over the calls."
        f"{f' {probe.score}' if worse else ''}",
        fix=OWN_LAYER,
        evidence={
            "calls_a_pass": int(probe.calls[mixed].max()),
            "first_layer": path,
            "mean_apart": apart,
            "variance_factor": factor,
            "worse_with_moving_statistics": worse,
        },
        since="training_first_step",
        severity=None if worse else "info",
    )

"""The starting value still shapes the moving statistics when they are used.

What it sees:
    Layers whose moving mean or variance are still mostly their starting 0 and 1, since too few
    updates were made for their momentum, above all when the model is validated in that state.

Why it matters:
    Training mode does not read the moving statistics. Training is therefore good while validation
    stays at chance, for epochs, and then recovers by itself. Batch variances are often near 0.001,
    so that four percent of the starting 1 are still most of the average: what counts is not the
    share momentum^n that is left, but its effect.

How it decides:
    The estimate without the starting value is (moving - momentum^n start) / (1 - momentum^n)
    after n updates. Each record holds, for each layer, after how many updates three quarters of
    its channels differ from that estimate by less than a factor 2 in variance and half a
    standard deviation in mean. A layer with fewer updates is dominated by its start. It is a
    warning where that was so when a validation last ran the layer (executions in inference mode
    outside a tape were counted, or an evaluation ended whose calls could not be), and an info
    before any validation, or where the probe shows that nothing is lost: accuracy with moving
    statistics at most 2 % below that with batch statistics (without classes, a loss at most a
    fifth above). Nothing is reported once a later validation is past it. Layers that validation
    never ran, loaded statistics and layers without an update are left out. A copy whose
    statistics are assigned again and again (an average of weights) is not checked without a probe.

What to do:
    Train longer, for as many updates as the fix says; or let the average follow faster,

        BatchNormalization(momentum=0.9)

    if there are fewer than some hundred steps in all. Do not judge the model by validation before.
    Or estimate the statistics from the training data, prepared as for the training step, before
    each validation of `fit` with `tb_bnplugin.RecalibrateCallback((x, y))` and in a loop before it
    validates:

        tb_bnplugin.recalibrate(model, (x, y))

    Both numbers of the fix leave a tenth of what the rule allows: the quarter of the channels that
    it does not look at has the smallest variances, and is the furthest off. Where the means of the
    batches move so fast that also with the lower momentum the moving mean would stay half a
    standard deviation behind, as with inputs far from 0, neither number is named. Then subtract
    the mean of the inputs, or estimate the statistics.

When it is fine:
    At the beginning of every training from scratch. It ends by itself, so the console reports it
    only when the training ends in this state. The page and `check` show it at any time.

References:
    https://github.com/keras-team/keras/issues/6977,
    https://github.com/tensorflow/tensorflow/issues/33031
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.lagging import drift_of_mean
from tb_bnplugin.diagnose.evidence.layers import Mask, count, updates_since_start
from tb_bnplugin.diagnose.evidence.mode_gap import mode_gap
from tb_bnplugin.diagnose.evidence.momentum import momenta, updates_needed
from tb_bnplugin.diagnose.evidence.probe_gap import probe_gap
from tb_bnplugin.diagnose.evidence.training import validated
from tb_bnplugin.diagnose.hints import another_cause
from tb_bnplugin.diagnose.needs import COUNTED, PROBE_CALL, by_fit
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.outlasting import outlast_the_start, whole
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import RECORD_REASONS, Floats, ModelHistory, Steps

RULE: Final = Rule(
    code="BN201",
    name="start-dominates",
    severity="warning",
    needs=(COUNTED,),
    transient=True,
    once_a_layer=True,
)

ASSIGNED_AT_LEAST: Final = 2
"""Times that statistics were changed from outside: once is a file that was loaded."""

PROBED_NEAR: Final = 0.05
"""Share of the steps: in more of them the start may have worn off."""


def check(history: ModelHistory) -> Outcome:
    """Look for statistics that their starting value shaped when validation used them."""
    # record                    0    1    2    3
    # updates made             50  100  150  200
    # updates needed (of 160) 110   60   10    0
    # validated                 -    x    -    -     judged at record 1: 60 more were needed
    validations, needed = validated(history), updates_needed(history)
    is_validated = bool(validations.any())
    if not is_validated:
        validations = np.ones(validations.shape, bool)
    ran = validations.any(axis=0)
    last = len(validations) - 1 - np.argmax(validations[::-1], axis=0)  # [layers] record
    until = np.arange(len(validations))[:, None] <= last
    dominated = until & (np.nan_to_num(needed) > 0)
    wrong = ran & np.take_along_axis(dominated, last[None], axis=0)[0]
    if wrong.any():
        return _finding(history, wrong, last, dominated, is_validated=is_validated)
    if (ran & _assigned(history) & ~_fits(history)).any():
        return RULE.not_checked(
            "Validation ran layers whose statistics are assigned from outside, as those of an"
            " averaged copy: pass probe_data=(x, y) to the callback, or call"
            f" {PROBE_CALL}, and see BN202."
        )
    if not (np.isfinite(needed) & until)[:, ran].any():
        return RULE.not_checked(
            "No layer that began with its initializers was updated in training mode"
            f"{' before the last validation' if is_validated else ''}."
        )
    if is_validated and (ran & _may_have_dominated(history, dominated, last)).any():
        nearer = (
            "Set a smaller update_freq"
            if by_fit(history)
            else "Mark it with `watch.evaluating()`, which records its end, or record more often"
        )
        return RULE.not_checked(
            "The last validation was not recorded when it ended, and the starting value wore"
            f" off before the next record. {nearer}."
        )
    past = (validations & dominated & ran).any(axis=1)
    if is_validated and past.any():
        return _over(history, past, dominated[:, ran].any(axis=1))
    return RULE.ok(
        "The starting value no longer shapes the moving statistics"
        f"{' at the last validation' if is_validated else ''}."
    )


def _over(history: ModelHistory, past: Mask, dominated: Mask) -> Outcome:
    """The fact that earlier validations measured the starting values.

    Args:
        history: of the model.
        past: [records] at which a validation ended that did.
        dominated: [records] at which a layer that validation ran was shaped by its start.
    """
    steps = history.steps[past]
    last = int(np.flatnonzero(dominated)[-1])
    over = int(history.steps[min(last + 1, len(history.steps) - 1)])
    epochs = [epoch + 1 for epoch, step in history.epochs if steps[0] <= step <= steps[-1]]
    if epochs:
        of = f"epoch {epochs[0]}" if len(epochs) == 1 else f"epochs {epochs[0]} to {epochs[-1]}"
    else:
        of = f"steps {int(steps[0])} to {int(steps[-1])}"
    return RULE.fact(
        f"Over since step {over}: the validations of {of} measured moving statistics that their"
        " starting value still shaped.",
        evidence={"validations": int(past.sum()), "over_since_step": over},
        steps=(int(steps[0]), int(steps[-1])),
    )


def _finding(
    history: ModelHistory, wrong: Mask, last: Steps, dominated: Mask, *, is_validated: bool
) -> Outcome:
    def at_last(values: Floats) -> Floats:
        return np.asarray(np.take_along_axis(values, last[None], axis=0)[0][wrong], np.float64)

    at = int(last[wrong].max())
    needed, made = at_last(updates_needed(history)), at_last(updates_since_start(history))
    most = whole(made.max())
    step = int(history.steps[at])
    score = is_validated and _score_at(history, at)
    lossless = f"Nothing is lost yet. {score}" if score else ""
    drift = drift_of_mean(history, at)[wrong]
    return RULE.layer_finding(
        history,
        wrong,
        "still had moving statistics shaped by their starting value"
        f" {'at the last validation, ' if is_validated else 'at '}step {step}, after {most} update"
        f"{'' if most == 1 else 's'}.{f' {lossless}' if lossless else ''}",
        fix=outlast_the_start(history, momenta(history)[wrong], needed, made, drift)
        + another_cause("BN208"),
        evidence={
            "updates_made": most,
            "more_updates_at_least": whole(needed.max()),
            "validated": is_validated,
        },
        steps=(_begin(history, dominated[:, wrong], at), step),
        severity=None if is_validated and not lossless else "info",
    )


def _score_at(history: ModelHistory, at: int) -> str:
    """The score of the newest probe by a record, where it shows that nothing is lost; or ""."""
    gap = mode_gap(history.probe)
    before, until = history.steps[max(at - 1, 0)], history.steps[at]
    near = (gap.steps >= before * (1 - PROBED_NEAR)) & (gap.steps <= until * (1 + PROBED_NEAR))
    probes = np.flatnonzero(near)
    return gap.text[probes[-1]] if len(probes) and gap.same[probes[-1]] else ""


def _assigned(history: ModelHistory) -> Mask:
    """Layers [layers] whose statistics only assignments move."""
    never_updated = updates_since_start(history)[-1] <= 0
    assigned = count(history, "external_changes") >= ASSIGNED_AT_LEAST
    return np.asarray(assigned & never_updated, bool)


def _fits(history: ModelHistory) -> Mask:
    """Layers [layers] whose statistics the newest probe shows to be those of the data."""
    probe = probe_gap(history)
    if probe is None:
        return np.zeros(len(history.facts.layers), bool)
    return np.asarray(probe.measured & ~probe.apart[-1], bool)


def _may_have_dominated(history: ModelHistory, dominated: Mask, last: Steps) -> Mask:
    """Layers [layers] of which the start may have worn off between validation and its record."""
    before = np.maximum(last - 1, 0)
    unclear = history.model("record_reason")[last] != RECORD_REASONS.index("evaluation")
    skipped = history.steps[last] - history.steps[before] > 1
    was = np.take_along_axis(dominated, before[None], axis=0)[0]
    return np.asarray(unclear & ((last == 0) | (was & skipped)), bool)


def _begin(history: ModelHistory, dominated: Mask, at: int) -> int:
    """First step of the stretch up to a record in which any of these layers was dominated."""
    clear = np.flatnonzero(~dominated[: at + 1].any(axis=1))
    return int(history.steps[clear[-1] + 1 if len(clear) else 0])

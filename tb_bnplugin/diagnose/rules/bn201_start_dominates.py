"""The value that the moving statistics began with still shapes them when they are used.

What it sees:
    Layers whose moving mean or variance are still mostly their starting 0 and 1, since too few
    updates were made for their momentum; above all when the model is validated in that state.

Why it matters:
    Training mode does not read the moving statistics, so that training is good while
    validation stands at chance, for epochs, and then recovers of itself. Batch variances are
    often near 0.001, so that four percent of the starting 1 still is most of the average: what
    counts is not the share momentum^n, but what it does.

How it decides:
    The estimate without the starting value is (moving - momentum^n start) / (1 - momentum^n)
    after n updates. Each record holds, for each layer, after how many updates three quarters of
    its channels differ from that estimate by less than a factor 2 in variance and half a
    standard deviation in mean. A layer with fewer updates is dominated. It is a warning where
    that held at the last validation (an evaluation ended, or executions in inference mode outside
    a tape were counted), an info before any validation, and silent as soon as the
    last validation is past it. Loaded statistics and layers without an update are left out.

What to do:
    Train on, for as many updates as the finding says; or let the average follow faster,

        BatchNormalization(momentum=0.9)

    with fewer steps than some hundreds in all. Do not judge the model by validation till then.

When it is fine:
    At the beginning of every training from scratch. It ends by itself, and so the console tells
    it only when the training ends in this state; the page and `check` show it at any time.

References:
    https://github.com/keras-team/keras/issues/6977,
    https://github.com/tensorflow/tensorflow/issues/33031
"""

from __future__ import annotations

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
from tb_bnplugin.history.model import RECORD_REASONS, ModelHistory

LOWEST_SUGGESTED: Final = 0.5
"""Momentum: with less the statistics are those of the last batch or two."""

RULE: Final = Rule(code="BN201", name="start-dominates", severity="warning", transient=True)


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether the starting value shapes the statistics that validation used."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    needed = updates_needed(history)
    validations = np.flatnonzero(_validated(history))
    at = int(validations[-1]) if len(validations) else len(history.steps) - 1
    if not np.isfinite(needed[: at + 1]).any():
        return (
            RULE.not_checked(
                "no layer that began with its initializers was updated in training mode"
                f"{' before the last validation' if len(validations) else ''}"
            ),
        )
    dominated = np.nan_to_num(needed) > 0
    wrong = dominated[at]
    if not wrong.any() and len(validations) and _may_have_dominated(history, dominated, at):
        return (RULE.not_checked(_BETWEEN_RECORDS),)
    if not wrong.any():
        return (
            RULE.ok(
                "The starting value no longer shapes the moving statistics"
                f"{' at the last validation' if len(validations) else ''}."
            ),
        )
    most = int(np.ceil(min(needed[at][wrong].max(), 2.0**53)))
    evidence = {
        "layers": int(wrong.sum()),
        "layers_in_model": len(history.facts.layers),
        "updates_still_needed": most,
        "updates_made": int(updates_since_start(history)[at][wrong].max()),
        "validated": bool(len(validations)),
    }
    step = int(history.steps[at])
    return (
        RULE.finding(
            message=(
                f"{count_layers(history, wrong)} still had moving statistics shaped by their"
                f" starting value {'at the last validation, ' if len(validations) else 'at '}"
                f"step {step}: about {most} more updates were needed."
            ),
            fix=_fix(history, wrong, most),
            evidence=evidence,
            layers=paths(history, wrong),
            steps=(_begin(history, dominated, at), step),
            severity=None if len(validations) else "info",
        ),
    )


_BETWEEN_RECORDS: Final = (
    "the last validation lies between two records, and the starting value wore off between them:"
    " record more often (update_freq)"
)


def _validated(history: ModelHistory) -> Mask:
    """Records [records] by which the model was validated since the record before.

    An inference execution by the first record may be the call that builds the model.
    """
    evaluations = np.nan_to_num(history.model("evaluations"))
    inference = executions(history, "inference", ("no_tape", "evaluate", "predict")).sum(axis=1)
    ended = np.diff(evaluations, prepend=0.0) > 0
    return np.asarray(ended | (np.diff(inference, prepend=inference[:1]) > 0), bool)


def _may_have_dominated(history: ModelHistory, dominated: Mask, at: int) -> bool:
    """Whether the start may have worn off between the last validation and the record of it."""
    if history.model("record_reason")[at] == RECORD_REASONS.index("evaluation"):
        return False
    if at == 0:
        return True
    return bool(dominated[at - 1].any() and history.steps[at] - history.steps[at - 1] > 1)


def _begin(history: ModelHistory, dominated: Mask, at: int) -> int:
    """First step of the stretch up to a record in which any layer was dominated."""
    clear = np.flatnonzero(~dominated[: at + 1].any(axis=1))
    return int(history.steps[clear[-1] + 1 if len(clear) else 0])


def _fix(history: ModelHistory, wrong: Mask, most: int) -> str:
    momenta = [history.facts.layers[index].momentum for index in np.flatnonzero(wrong)]
    slowest = max((momentum for momentum in momenta if momentum is not None), default=0.99)
    wait = f"Train on for about {most} more update{'' if most == 1 else 's'} before judging"
    if slowest <= LOWEST_SUGGESTED:
        return f"{wait} by validation."
    lower = 0.9 if slowest > 0.9 else LOWEST_SUGGESTED
    return (
        f"{wait} by validation, or lower the momentum"
        f" (now {slowest:g}): `BatchNormalization(momentum={lower:g})`."
    )

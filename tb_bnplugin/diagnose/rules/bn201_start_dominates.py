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
    warning where that was so at the last validation (an evaluation ended, or executions in
    inference mode outside a tape were counted), and an info before any validation. Nothing is
    reported once a later validation is past it. Loaded statistics and layers without an update
    are left out.

What to do:
    Train longer, for as many updates as the finding says; or let the average follow faster,

        BatchNormalization(momentum=0.9)

    if there are fewer than some hundred steps in all. Do not judge the model by validation before.

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

from tb_bnplugin.diagnose.evidence.layers import Mask, chosen, updates_since_start
from tb_bnplugin.diagnose.evidence.momentum import updates_needed
from tb_bnplugin.diagnose.evidence.training import validated
from tb_bnplugin.diagnose.needs import RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import RECORD_REASONS, ModelHistory

RULE: Final = Rule(
    code="BN201",
    name="start-dominates",
    severity="warning",
    needs=(RECORDS,),
    transient=True,
)

LOWEST_SUGGESTED: Final = 0.5
"""Momentum: with less the statistics are those of the last batch or two."""


def check(history: ModelHistory) -> Outcome:
    """Look for statistics that their starting value shaped when validation used them."""
    # record                    0    1    2    3
    # updates made             50  100  150  200
    # updates needed (of 160) 110   60   10    0
    # validated                 -    x    -    -     judged at record 1: 60 more were needed
    needed = updates_needed(history)
    validations = np.flatnonzero(validated(history))
    at = int(validations[-1]) if len(validations) else len(history.steps) - 1
    if not np.isfinite(needed[: at + 1]).any():
        return RULE.not_checked(
            "No layer that began with its initializers was updated in training mode"
            f"{' before the last validation' if len(validations) else ''}."
        )
    dominated = np.nan_to_num(needed) > 0
    wrong = dominated[at]
    if not wrong.any():
        if len(validations) and _may_have_dominated(history, dominated, at):
            return RULE.not_checked(
                "The last validation was not recorded when it ended, and the starting value wore"
                " off before the next record. Set a smaller update_freq."
            )
        return RULE.ok(
            "The starting value no longer shapes the moving statistics"
            f"{' at the last validation' if len(validations) else ''}."
        )
    most = int(np.ceil(min(needed[at][wrong].max(), 2.0**53)))
    step = int(history.steps[at])
    return RULE.layer_finding(
        history,
        wrong,
        "still had moving statistics shaped by their starting value"
        f" {'at the last validation, ' if len(validations) else 'at '}step {step}: about {most}"
        " more updates were needed.",
        fix=_fix(history, wrong, most),
        evidence={
            "updates_still_needed": most,
            "updates_made": int(updates_since_start(history)[at][wrong].max()),
            "validated": bool(len(validations)),
        },
        steps=(_begin(history, dominated, at), step),
        severity=None if len(validations) else "info",
    )


def _may_have_dominated(history: ModelHistory, dominated: Mask, at: int) -> bool:
    """True where the start may have worn off between the last validation and its record."""
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
    known = [layer.momentum for layer in chosen(history, wrong) if layer.momentum is not None]
    slowest = max(known, default=0.99)
    longer = (
        f"Train for about {most} more update{'' if most == 1 else 's'} before you judge the model"
        " by validation"
    )
    if slowest <= LOWEST_SUGGESTED:
        return f"{longer}."
    lower = 0.9 if slowest > 0.9 else LOWEST_SUGGESTED
    return (
        f"{longer}, or lower the momentum (now {slowest:g}):"
        f" `BatchNormalization(momentum={lower:g})`."
    )

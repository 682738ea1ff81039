"""The rules of which a few steps on one batch say nothing: their "ok" would be none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from tb_bnplugin.diagnose import RULES, Outcome
from tb_bnplugin.history.model import ModelHistory

LATER: Final = {
    "BN105": "`trainable` may change while the model trains.",
    "BN112": "A schedule or a callback may change the learning rate, or what trains.",
    "BN201": "It depends on how long the model trains before it is evaluated.",
    "BN202": "It shows once the statistics have followed the batches.",
    "BN204": "It shows while the model trains.",
    "BN205": "It shows once the statistics have followed the batches.",
    "BN206": "It shows once the replicas have had data of their own.",
    "BN208": "It shows once the statistics have followed the batches.",
    "LR109": "It takes batches of several sizes, and there was one.",
}
"""By code, why it is not checked where nothing was found."""

ESTIMATED: Final = (
    "The steps change no weight and move the statistics: taken for an estimate of these, which do"
    " not fit before it."
)
"""Of BN202: statistics that are adapted to other data are meant to be those of the old ones."""

ACCUMULATED: Final = (
    "Gradients are accumulated over several batches, and a few steps do not show over how many."
)
"""Of LR101: a loss may be divided by the rows of all of them."""

_TRANSIENT: Final = frozenset(rule.RULE.code for rule in RULES if rule.RULE.transient)


def judged(outcomes: Iterable[Outcome], models: Iterable[ModelHistory]) -> tuple[Outcome, ...]:
    """The outcomes as far as they hold before any training.

    Args:
        outcomes: of the rules, on what the steps did.
        models: that made the steps.
    """
    told: dict[tuple[str, str], str] = {}  # reasons by model and code
    for model in models:
        if _only_estimates(model):
            told[model.facts.name, "BN202"] = ESTIMATED
        if _accumulates(model):
            told[model.facts.name, "LR101"] = ACCUMULATED
    return tuple(_judged(each, told.get((each.model, each.code))) for each in outcomes)


def _only_estimates(history: ModelHistory) -> bool:
    """True where the steps move statistics and change no weight."""
    weights = history.facts.weights
    none_changed = 0 < weights.trainable == len(weights.unchanged)
    moving = history.layer("statistics_changes")[-1:]
    return weights.checked_step is not None and none_changed and bool((moving > 0).any())


def _accumulates(history: ModelHistory) -> bool:
    """True where the optimizer makes a step after some of the steps only."""
    iterations = np.array(history.model("iterations"))
    if not len(iterations):
        return False
    if np.isnan(iterations[:1]).any():
        iterations[0] = 0.0  # an optimizer that is known by its first step
    applied, made = np.nanmax(iterations) - iterations[0], np.ptp(history.steps)
    return bool(0 < applied < made)


def _judged(outcome: Outcome, told: str | None) -> Outcome:
    ends_by_itself = outcome.code in _TRANSIENT and outcome.status == "finding"
    if outcome.code in LATER and (outcome.status == "ok" or ends_by_itself):
        return _not_checked(outcome, LATER[outcome.code])
    if told is not None and outcome.status == "finding":
        return _not_checked(outcome, told)
    # the steps are not those of any training
    return replace(outcome, steps=None)


def _not_checked(outcome: Outcome, reason: str) -> Outcome:
    return replace(
        outcome,
        status="not_checked",
        reason=reason,
        message="",
        fix="",
        evidence={},
        layers=(),
        steps=None,
        place=None,
        fact=False,
    )

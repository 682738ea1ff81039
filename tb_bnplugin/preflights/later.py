"""The rules of which a few steps on one batch say nothing: their "ok" would be none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

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

_TRANSIENT: Final = frozenset(rule.RULE.code for rule in RULES if rule.RULE.transient)


def judged(outcomes: Iterable[Outcome], models: Iterable[ModelHistory]) -> tuple[Outcome, ...]:
    """The outcomes as far as they hold before any training.

    Args:
        outcomes: of the rules, on what the steps did.
        models: that made the steps.
    """
    estimating = {model.facts.name for model in models if _only_estimates(model)}
    return tuple(_judged(each, each.model in estimating) for each in outcomes)


def _only_estimates(history: ModelHistory) -> bool:
    """True where the steps move statistics and change no weight."""
    weights = history.facts.weights
    none_changed = 0 < weights.trainable == len(weights.unchanged)
    moving = history.layer("statistics_changes")[-1:]
    return weights.checked_step is not None and none_changed and bool((moving > 0).any())


def _judged(outcome: Outcome, estimating: bool) -> Outcome:  # noqa: FBT001  # of its model
    ends_by_itself = outcome.code in _TRANSIENT and outcome.status == "finding"
    if outcome.code in LATER and (outcome.status == "ok" or ends_by_itself):
        return _not_checked(outcome, LATER[outcome.code])
    if outcome.code == "BN202" and outcome.status == "finding" and estimating:
        return _not_checked(outcome, ESTIMATED)
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

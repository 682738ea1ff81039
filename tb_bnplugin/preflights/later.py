"""The rules of which a few steps on one batch say nothing: their "ok" would be none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from tb_bnplugin.diagnose import RULES, Outcome

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

_TRANSIENT: Final = frozenset(rule.RULE.code for rule in RULES if rule.RULE.transient)


def judged(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes as far as they hold before any training."""
    return tuple(map(_judged, outcomes))


def _judged(outcome: Outcome) -> Outcome:
    ends_by_itself = outcome.code in _TRANSIENT and outcome.status == "finding"
    if outcome.code in LATER and (outcome.status == "ok" or ends_by_itself):
        return replace(
            outcome,
            status="not_checked",
            reason=LATER[outcome.code],
            message="",
            fix="",
            evidence={},
            layers=(),
            steps=None,
            place=None,
            fact=False,
        )
    # the steps are not those of any training
    return replace(outcome, steps=None)

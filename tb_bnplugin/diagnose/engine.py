"""Runs the rules, each on its own: one that raises is reported and the others still run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import ComparisonModule, Rule, RuleModule
from tb_bnplugin.diagnose.rules import COMPARISONS, RULES
from tb_bnplugin.history.model import ModelHistory, RunHistory


def diagnose(history: ModelHistory, *, rules: Sequence[RuleModule] = RULES) -> tuple[Outcome, ...]:
    """The outcomes of all rules for one model, in the order of the rules.

    Rules see the newest process only: counters start anew with each process, and the
    static facts are those of the newest one.
    """
    newest = history.newest_process()
    outcomes: list[Outcome] = []
    for rule in rules:
        outcomes += _isolated(rule.RULE, lambda rule=rule: rule.check(newest))  # type: ignore[misc]
    return tuple(_of_model(outcome, history) for outcome in outcomes)


def diagnose_run(run: RunHistory) -> tuple[Outcome, ...]:
    """The outcomes of all rules for each model of a run, model by model."""
    return tuple(outcome for model in run.models for outcome in diagnose(model))


def compare(
    history: ModelHistory,
    other: ModelHistory,
    *,
    rules: Sequence[ComparisonModule] = COMPARISONS,
) -> tuple[Outcome, ...]:
    """What differs between two runs that changes how they train: outcomes of the CR rules."""
    newest, other_newest = history.newest_process(), other.newest_process()
    outcomes: list[Outcome] = []
    for rule in rules:
        outcomes += _isolated(
            rule.RULE,
            lambda rule=rule: rule.check(newest, other_newest),  # type: ignore[misc]
        )
    runs = (history.run, other.run)
    return tuple(
        replace(
            _of_model(outcome, history),
            runs=runs,
            expected=outcome.status == "finding"
            and outcome.code in (*history.facts.expect, *other.facts.expect),
        )
        for outcome in outcomes
    )


def _isolated(rule: Rule, check: Callable[[], Sequence[Outcome]]) -> Sequence[Outcome]:
    try:
        with np.errstate(all="ignore"):  # a log may hold any number
            return tuple(check())
    except Exception as error:  # noqa: BLE001  # one rule must not take the others down
        return (rule.crashed(error),)


def _of_model(outcome: Outcome, history: ModelHistory) -> Outcome:
    expected = outcome.status == "finding" and outcome.code in history.facts.expect
    return replace(outcome, model=history.facts.name, expected=expected)

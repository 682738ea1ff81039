"""Asks one rule about one history."""

from __future__ import annotations

from tb_bnplugin.diagnose import COMPARISONS, RULES, Outcome, compare, diagnose
from tb_bnplugin.history.model import ModelHistory


def judge(code: str, history: ModelHistory) -> Outcome:
    """The only outcome of a rule."""
    (outcome,) = judge_all(code, history)
    return outcome


def judge_all(code: str, history: ModelHistory) -> tuple[Outcome, ...]:
    """All outcomes of a rule."""
    return diagnose(history, rules=[rule for rule in RULES if rule.RULE.code == code])


def judge_two(code: str, history: ModelHistory, other: ModelHistory) -> Outcome:
    """The only outcome of a comparison."""
    rules = [rule for rule in COMPARISONS if rule.RULE.code == code]
    (outcome,) = compare(history, other, rules=rules)
    return outcome

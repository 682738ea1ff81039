"""Runs the rules, each on its own: one that raises is reported and the others still run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tb_bnplugin.diagnose.hints import keep_useful
from tb_bnplugin.diagnose.needs import find_missing, nothing_recorded
from tb_bnplugin.diagnose.once import ToldLayers
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.own_words import in_own_words
from tb_bnplugin.diagnose.places import find_place
from tb_bnplugin.diagnose.rule import ComparisonModule, Rule, RuleModule
from tb_bnplugin.diagnose.rules import COMPARISONS, RULES
from tb_bnplugin.diagnose.scale_causes import with_causes
from tb_bnplugin.history.model import ModelHistory, RunHistory
from tb_bnplugin.printed import run_name


def diagnose(history: ModelHistory, *, rules: Sequence[RuleModule] = RULES) -> tuple[Outcome, ...]:
    """The outcomes of all rules for one model, in the order of the rules.

    Rules see the newest process only: counters start anew with each process, and the
    static facts are those of the newest one.
    """
    newest = history.newest_process()
    if history.facts.is_placeholder:  # the losses of a loop whose model is not watched
        rules = [rule for rule in rules if rule.RULE.code.startswith("LR")]
    unseen = nothing_recorded(newest)
    outcomes = [
        rule.RULE.not_checked(unseen) if unseen and _is_told_by_records(outcome) else outcome
        for rule in rules
        for outcome in _run(rule.RULE, rule.check, newest)
    ]
    explained = {rule.RULE.code: rule.RULE for rule in rules if rule.RULE.explained_by}
    told = [_told_once(outcome, outcomes, explained) for outcome in outcomes]
    return tuple(
        _placed(_of_model(keep_useful(outcome, told), history), history) for outcome in told
    )


def diagnose_run(run: RunHistory) -> tuple[Outcome, ...]:
    """The outcomes of all rules for each model of a run, model by model.

    Where there are several models, the reason of a rule that was not checked names its model, and
    some rules tell what is wrong with a layer in the first model that holds it only.
    """
    told = ToldLayers(lambda model, rules: diagnose(model, rules=rules), RULES)
    outcomes = tuple(
        outcome for model in run.models for outcome in told.leave_out(model, diagnose(model))
    )
    return outcomes if len(run.models) < 2 else tuple(map(_name_model, outcomes))


def compare(
    history: ModelHistory,
    other: ModelHistory,
    *,
    rules: Sequence[ComparisonModule] = COMPARISONS,
    found: tuple[Sequence[Outcome], Sequence[Outcome]] | None = None,
) -> tuple[Outcome, ...]:
    """The outcomes of the CR rules: differences between two runs that change how they train.

    Args:
        history: a model of one run.
        other: a model of the other run.
        rules: those that compare.
        found: what `diagnose` says of either, where it is known; else it is asked where needed.
    """
    both = (history.newest_process(), other.newest_process())
    expect = (*history.facts.expect, *other.facts.expect)
    return tuple(
        replace(
            _of_model(_explained(outcome, both, found), history),
            runs=(history.run, other.run),
            expected=outcome.status == "finding" and outcome.code in expect,
        )
        for rule in rules
        for outcome in _run(rule.RULE, rule.check, *both)
    )


def _explained(
    outcome: Outcome,
    both: tuple[ModelHistory, ModelHistory],
    found: tuple[Sequence[Outcome], Sequence[Outcome]] | None,
) -> Outcome:
    """The outcome; where the scales of two losses differ, with what explains it in either run."""
    if outcome.code != "CR101" or outcome.status != "finding":
        return outcome
    if found is None:
        rules = [rule for rule in RULES if rule.RULE.code.startswith("LR")]
        found = (diagnose(both[0], rules=rules), diagnose(both[1], rules=rules))
    return with_causes(outcome, both, found)


def _run(
    rule: Rule, check: Callable[..., Outcome | Iterable[Outcome]], *histories: ModelHistory
) -> Sequence[Outcome]:
    """The outcomes of one rule; never raises."""
    try:
        with np.errstate(all="ignore"):  # a log may hold any number
            for history in histories:
                if reason := find_missing(history, rule.needs):
                    of_run = f"Run {run_name(history.run)!r}: " if len(histories) > 1 else ""
                    return (rule.not_checked(f"{of_run}{reason}"),)
            found = check(*histories)
            return (found,) if isinstance(found, Outcome) else _settle(found)
    except Exception as error:  # noqa: BLE001  # one rule must not take the others down
        return (rule.crashed(error),)


def _is_told_by_records(outcome: Outcome) -> bool:
    """True of an ok that only records could give: RC101 tells whether there should be any."""
    return outcome.status == "ok" and outcome.code != "RC101"


def _settle(outcomes: Iterable[Outcome]) -> Sequence[Outcome]:
    """Several outcomes of one rule, without repeats, and without an ok beside a finding."""
    distinct = {_identity(outcome): outcome for outcome in outcomes}.values()
    if any(outcome.status == "finding" for outcome in distinct):
        return [outcome for outcome in distinct if outcome.status != "ok"]
    return [*distinct]


def _identity(outcome: Outcome) -> tuple[object, ...]:
    """The same for equal outcomes of one rule, and quickly compared: there may be thousands."""
    said = (outcome.message, outcome.fix, outcome.reason)
    where = (outcome.layers, outcome.steps)
    return (outcome.status, outcome.severity, *said, *where, frozenset(outcome.evidence.items()))


def _told_once(
    outcome: Outcome, outcomes: Sequence[Outcome], explained: Mapping[str, Rule]
) -> Outcome:
    """The outcome; not checked, where the finding of another rule says why it is so."""
    rule = explained.get(outcome.code)
    if rule is None or outcome.status != "finding":
        return outcome
    for other in outcomes:
        covers = not other.layers or set(outcome.layers) <= set(other.layers)
        covers = covers and _same_loss(outcome, other)
        if other.code in rule.explained_by and other.status == "finding" and covers:
            return rule.not_checked(f"{other.code} {other.name} explains it.")
    return outcome


def _same_loss(one: Outcome, other: Outcome) -> bool:
    """Return True unless both are of a loss, and not of the same."""
    names = (one.evidence.get("loss"), other.evidence.get("loss"))
    return names[0] == names[1] or not all(isinstance(name, str) for name in names)


def _of_model(outcome: Outcome, history: ModelHistory) -> Outcome:
    expected = outcome.status == "finding" and outcome.code in history.facts.expect
    return replace(outcome, model=history.facts.name, expected=expected)


def _placed(outcome: Outcome, history: ModelHistory) -> Outcome:
    """The outcome with its line of the program, and its fix in the words of the program.

    As it is, where a damaged log forbids it.
    """
    try:
        place = find_place(outcome, history)
        return replace(outcome, place=place, fix=in_own_words(outcome.fix, place, history))
    except Exception:  # noqa: BLE001  # a finding is told all the same
        return outcome


def _name_model(outcome: Outcome) -> Outcome:
    if outcome.status != "not_checked":
        return outcome
    return replace(outcome, reason=f"Model {outcome.model!r}: {outcome.reason}")

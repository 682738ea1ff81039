"""Layers that several models of a run hold: what is wrong with one is told in the first of them.

A discriminator is recorded, and the model that stacks it on a generator: their layers are the same
objects, with the same counters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import RuleModule
from tb_bnplugin.history.model import LayerFacts, ModelHistory

Judge = Callable[[ModelHistory, Sequence[RuleModule]], Sequence[Outcome]]

_WEIGHT: Final = {"info": 1, "warning": 2, "error": 3}


class ToldLayers:
    """The layers that findings of a run have named so far, by rules that tell a layer once."""

    def __init__(self, judge: Judge, rules: Sequence[RuleModule]) -> None:
        self._judge = judge
        self._once = [rule for rule in rules if rule.RULE.once_a_layer]
        self._told: dict[tuple[str, str], Outcome] = {}  # by code and place of the layer

    def leave_out(self, history: ModelHistory, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes of the next model of the run, without layers that were told before."""
        kept = list(outcomes)
        for rule in self._once:
            mine = [outcome for outcome in kept if outcome.code == rule.RULE.code]
            before = self._told_before(history, mine)
            if not any(before):
                continue
            left_out = np.array([outcome is not None for outcome in before], bool)
            begin = kept.index(mine[0])
            kept[begin : begin + len(mine)] = self._judge_others(history, rule, left_out, before)
        for outcome in kept:
            self._take(history, outcome)
        return kept

    def _told_before(self, history: ModelHistory, mine: Sequence[Outcome]) -> list[Outcome | None]:
        """For each layer [layers] the earlier finding that says no less; None: there is none."""
        found = [outcome for outcome in mine if outcome.status == "finding"]
        before: list[Outcome | None] = []
        for layer in history.facts.layers:
            now = [_WEIGHT[outcome.severity] for outcome in found if layer.path in outcome.layers]
            told = [self._told.get((outcome.code, _place(history, layer))) for outcome in found]
            first = next((outcome for outcome in told if outcome is not None), None)
            says_less = first is None or not now or _WEIGHT[first.severity] < max(now)
            before.append(None if says_less else first)
        return before

    def _judge_others(
        self,
        history: ModelHistory,
        rule: RuleModule,
        left_out: Mask,
        before: Sequence[Outcome | None],
    ) -> Sequence[Outcome]:
        if not left_out.all():
            return self._judge(history.without_layers(left_out), [rule])
        first = next(outcome for outcome in before if outcome is not None)
        told = rule.RULE.not_checked(f"The same layers are told in model {first.model!r}.")
        return [replace(told, model=history.facts.name)]

    def _take(self, history: ModelHistory, outcome: Outcome) -> None:
        if outcome.status != "finding":
            return
        for layer in history.facts.layers:
            if layer.path in outcome.layers:
                self._told.setdefault((outcome.code, _place(history, layer)), outcome)


def _place(history: ModelHistory, layer: LayerFacts) -> str:
    """Where the run recorded a layer first: the same for all models that hold it."""
    return layer.sharing.first_in or f"{history.facts.name}/{layer.path}"

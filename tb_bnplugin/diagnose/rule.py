"""A rule: its name, its needs, the outcomes it can give, and the shape of its module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask, count_layers, newest, paths
from tb_bnplugin.diagnose.needs import Need
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome, Severity
from tb_bnplugin.history.model import ModelHistory


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Code, name and usual severity of a rule; makes its outcomes.

    A rule whose `needs` are not met is not checked: the engine answers with the reason of the
    first one that is missing, and does not call `check`.
    """

    code: str  # "BN101"
    name: str  # "never-updated": the symptom, never the remedy
    severity: Severity
    needs: tuple[Need, ...] = ()  # in the order in which they are asked for
    transient: bool = False  # the fault ends by itself: notified only if training ends in it
    told_at_end: bool = False  # an info that explains bad validation: told if training ends in it
    explained_by: tuple[str, ...] = ()  # codes whose finding on the same layers, or loss, tells it
    once_a_layer: bool = False  # told in the first model of a run that holds the layer, not in all

    def finding(
        self,
        *,
        message: str,
        fix: str,
        evidence: Mapping[str, EvidenceValue],
        layers: Sequence[str] = (),
        steps: tuple[int, int] | None = None,
        severity: Severity | None = None,
    ) -> Outcome:
        """Something is wrong (of the usual severity, unless given)."""
        return Outcome(
            code=self.code,
            name=self.name,
            status="finding",
            severity=severity or self.severity,
            message=message,
            fix=fix,
            evidence=evidence,
            layers=tuple(layers),
            steps=steps,
        )

    def layer_finding(
        self,
        history: ModelHistory,
        wrong: Mask,
        what: str,
        *,
        fix: str,
        evidence: Mapping[str, EvidenceValue],
        since: str | None = None,
        steps: tuple[int, int] | None = None,
        severity: Severity | None = None,
    ) -> Outcome:
        """Something is wrong with some layers of the model.

        Args:
            history: of the model.
            wrong: [layers] the layers concerned, at least one.
            what: the rest of a sentence that begins with the layers, "ran in inference mode".
            fix: what to do.
            evidence: beside the counts `layers` and `layers_in_model`, which come first.
            since: layer column with the first step, as `training_first_step`; the finding then
                lasts from the earliest of them to the last record.
            steps: first and last step, instead of `since`.
            severity: instead of the usual one.
        """
        return self.finding(
            message=f"{count_layers(history, wrong)} {what}",
            fix=fix,
            evidence={
                "layers": int(wrong.sum()),
                "layers_in_model": len(history.facts.layers),
                **evidence,
            },
            layers=paths(history, wrong),
            steps=steps if since is None else steps_since(history, wrong, since),
            severity=severity,
        )

    def ok(self, message: str, *, evidence: Mapping[str, EvidenceValue] | None = None) -> Outcome:
        """There was enough evidence, and nothing is wrong."""
        return Outcome(
            code=self.code,
            name=self.name,
            status="ok",
            severity=self.severity,
            message=message,
            evidence=evidence or {},
        )

    def fact(
        self,
        message: str,
        *,
        evidence: Mapping[str, EvidenceValue] | None = None,
        layers: Sequence[str] = (),
        steps: tuple[int, int] | None = None,
    ) -> Outcome:
        """Nothing is wrong, and there is something to know that asks for no action."""
        passed = self.ok(message, evidence=evidence)
        return replace(passed, fact=True, layers=tuple(layers), steps=steps)

    def not_checked(self, reason: str) -> Outcome:
        """The evidence does not suffice; the reason says what is missing."""
        return Outcome(
            code=self.code,
            name=self.name,
            status="not_checked",
            severity=self.severity,
            reason=reason,
        )

    def crashed(self, error: Exception) -> Outcome:
        """The rule itself raised."""
        return Outcome(
            code=self.code,
            name=self.name,
            status="crashed",
            severity=self.severity,
            reason=f"{type(error).__name__}: {error}",
        )


def steps_since(history: ModelHistory, wrong: Mask, column: str) -> tuple[int, int]:
    """The steps from the earliest in a column of first steps to the last record.

    Where the column holds no step of these layers, from the first record.
    """
    first_steps = newest(history.layer(column))[wrong]
    known = first_steps[np.isfinite(first_steps)]
    first, last = int(known.min() if len(known) else history.steps[0]), int(history.steps[-1])
    return min(first, last), last


class Documented(Protocol):
    """A module of `diagnose.rules`: the rule, and its documentation."""

    __doc__: str | None

    @property
    def RULE(self) -> Rule:  # noqa: N802  # a module's constant
        """The rule of the module."""


class RuleModule(Documented, Protocol):
    """A rule that judges one model of one run."""

    def check(self, history: ModelHistory) -> Outcome | Iterable[Outcome]:
        """Judge the history, in one outcome or several; pure."""


class ComparisonModule(Documented, Protocol):
    """A rule that compares two runs."""

    def check(self, history: ModelHistory, other: ModelHistory) -> Outcome | Iterable[Outcome]:
        """Judge the two histories, in one outcome or several; pure."""

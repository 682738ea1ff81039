"""What a rule is: who it is, the outcomes it can give, and the shape of its module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome, Severity
from tb_bnplugin.history.model import ModelHistory


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Code, name and usual severity of a rule; makes its outcomes."""

    code: str  # "BN101"
    name: str  # "never-updated": the symptom, never the remedy
    severity: Severity
    transient: bool = False  # what it sees ends by itself: told when training ended in it

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

    def not_checked(self, reason: str) -> Outcome:
        """The evidence does not suffice; the reason says what would."""
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


class Documented(Protocol):
    """A module of `diagnose.rules`: who the rule is, and its documentation."""

    __doc__: str | None

    @property
    def RULE(self) -> Rule:  # noqa: N802  # a module's constant
        """Who the rule is."""


class RuleModule(Documented, Protocol):
    """A rule that judges one model of one run."""

    def check(self, history: ModelHistory) -> Sequence[Outcome]:
        """What the rule says of the history; pure."""


class ComparisonModule(Documented, Protocol):
    """A rule that compares two runs."""

    def check(self, history: ModelHistory, other: ModelHistory) -> Sequence[Outcome]:
        """What the rule says of the two histories; pure."""

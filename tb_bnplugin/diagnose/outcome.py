"""An outcome of a rule: a finding, ok, not checked (with the reason), or crashed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["finding", "ok", "not_checked", "crashed"]
Severity = Literal["error", "warning", "info"]

EvidenceValue = float | int | str | bool | None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of one rule for one model of one run (or of two runs)."""

    code: str
    name: str
    status: Status
    severity: Severity  # of the finding; for the other states the rule's usual one
    model: str = ""
    fact: bool = False  # of what is ok: worth knowing, and no action is asked for
    expected: bool = False  # declared with `expect=`: shown as expected, fails no check
    layers: tuple[str, ...] = ()  # paths, in the model's order
    steps: tuple[int, int] | None = None  # first and last global step the finding covers
    message: str = ""  # one or two sentences, plain text, for the user
    evidence: Mapping[str, EvidenceValue] = field(default_factory=dict)
    fix: str = ""
    reason: str | None = None  # why not checked, or what the crash was
    runs: tuple[str, ...] = ()  # both runs, for a comparison

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain JSON values (non-finite numbers become null)."""
        out: dict[str, Any] = {
            "code": self.code,
            "name": self.name,
            "status": self.status,
            "severity": self.severity,
            "fact": self.fact,
            "expected": self.expected,
            "model": self.model,
            "layers": list(self.layers),
            "steps": None if self.steps is None else list(self.steps),
            "message": self.message,
            "evidence": {key: _finite(value) for key, value in self.evidence.items()},
            "fix": self.fix,
            "reason": self.reason,
        }
        if self.runs:
            out["runs"] = list(self.runs)
        return out


def _finite(value: EvidenceValue) -> EvidenceValue:
    if isinstance(value, float) and value - value != 0.0:
        return None
    return value

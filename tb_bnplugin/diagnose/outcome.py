"""An outcome of a rule: a finding, ok, not checked (with the reason), or crashed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tb_bnplugin.history.model import Line

Status = Literal["finding", "ok", "not_checked", "crashed"]
Severity = Literal["error", "warning", "info"]

EvidenceValue = float | int | str | bool | None


@dataclass(frozen=True, kw_only=True)
class Place:
    """The line of the user's program that has to change, as far as it is known."""

    at: Line
    callers: tuple[Line, ...] = ()  # the lines that called it, the nearest first

    @property
    def file(self) -> str:
        """The file, relative to the working folder of the training where it lies below it."""
        return self.at.file

    @property
    def line(self) -> int:
        """Number of the line, from 1."""
        return self.at.line

    @property
    def function(self) -> str:
        """Name of the function, "<module>" outside of any."""
        return self.at.function

    @property
    def text(self) -> str:
        """The line itself, without its indentation."""
        return self.at.text.strip()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def to_json(self) -> dict[str, Any]:
        """The place as plain JSON values. `before` and `after`: the lines beside it."""
        return {
            **_line(self.at),
            "before": list(self.at.before),
            "after": list(self.at.after),
            "callers": [_line(caller) for caller in self.callers],
        }


def _line(line: Line) -> dict[str, Any]:
    return {"file": line.file, "line": line.line, "function": line.function, "text": line.text}


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
    place: Place | None = None  # of a finding: the line that has to change; None: not known

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
            "place": None if self.place is None else self.place.to_json(),
        }
        if self.runs:
            out["runs"] = list(self.runs)
        return out


def _finite(value: EvidenceValue) -> EvidenceValue:
    if isinstance(value, float) and value - value != 0.0:
        return None
    return value

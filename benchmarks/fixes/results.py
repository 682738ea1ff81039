"""What came of the fix of one program on one flavour, and its JSON twin."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

REMOVED, KEPT, NAMED, MEANT = "removed", "kept", "named", "meant"
ROLES = (REMOVED, KEPT, NAMED, MEANT)
"""Code in a fix that no cured line has: it is what must go; it stands in the program already, and
stays; it is only mentioned; it declares the fault as meant, where it is."""


@dataclass(frozen=True, kw_only=True)
class Cured:
    """One cure, run."""

    name: str
    after: float  # the program's number
    healed: bool  # that number is in the healthy range, in which it was not before
    gone: bool  # the finding
    new: tuple[str, ...]  # "CODE severity: message", errors and warnings that were not there before
    applied: tuple[str, ...]  # code of the fix that the cured lines have
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """One program on one flavour."""

    name: str
    flavour: str  # "keras" or "tf_keras"
    rule: str = ""
    title: str = ""  # first sentence of the program
    number: str = ""  # what is measured: "validation accuracy"
    healthy: tuple[float, float] = (0.0, 0.0)  # range of the number in a healthy program
    severity: str = ""  # of the finding; "" where it was not found
    message: str = ""
    fix: str = ""  # as printed
    before: float = float("nan")  # the number of the faulty program
    cures: tuple[Cured, ...] = ()
    stays: str = ""  # why the finding rightly stays; "": it must go
    unmatched: tuple[str, ...] = ()  # code of the fix that no cure has, and that has no role
    unprinted: tuple[str, ...] = ()  # code with a role that the fix does not have
    seconds: float = 0.0
    error: str = ""  # traceback, where the program died

    @property
    def found(self) -> bool:
        """Whether the fault was there, and was found."""
        return bool(self.severity) and not self.healthy[0] <= self.before <= self.healthy[1]

    @property
    def as_printed(self) -> bool:
        """Whether the cures are what the fix says."""
        return not self.unmatched

    @property
    def works(self) -> bool:
        """Whether all was run, and all cures work."""
        cured = bool(self.cures) and all(
            cure.healed and not cure.new and (cure.gone or bool(self.stays)) for cure in self.cures
        )
        return not self.error and self.found and self.as_printed and cured

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Result:
        """The result that `to_json` gave."""
        lists = ("healthy", "unmatched", "unprinted")
        return cls(
            **{
                **values,
                **{name: tuple(values[name]) for name in lists},
                "cures": tuple(
                    Cured(**{**each, "new": tuple(each["new"]), "applied": tuple(each["applied"])})
                    for each in values["cures"]
                ),
            }
        )

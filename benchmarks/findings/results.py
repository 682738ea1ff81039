"""What came of one program on one flavour, and its JSON twin."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

FLAVOURS = ("keras", "tf_keras")
KINDS = ("faulty", "healthy")


@dataclass(frozen=True, kw_only=True)
class Found:
    """One finding of the log that the program left."""

    code: str
    severity: str  # "error", "warning" or "info"
    expected: bool = False  # declared by the program with `expect=`
    layers: int = 0
    steps: tuple[int, int] | None = None
    message: str = ""
    place: str = ""  # "FILE:LINE" of the program; "": not known


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What the program says of itself, without tb_bnplugin."""

    text: str
    held: bool  # both times, watched and not


@dataclass(frozen=True, kw_only=True)
class Result:
    """One program on one flavour."""

    kind: str  # the folder: "faulty" or "healthy"
    name: str
    flavour: str  # "keras" or "tf_keras"
    title: str = ""  # first sentence of the program
    report: str = ""  # the report or example that it follows
    expected: tuple[str, ...] = ()  # codes that must be found on this flavour
    found: tuple[Found, ...] = ()  # what `tb_bnplugin.check` gives at the end
    told: tuple[str, ...] = ()  # "BN101 error", what the console showed
    crashed: tuple[str, ...] = ()  # rules that crashed
    proofs: tuple[Proof, ...] = ()
    calls: int = 0  # batches, epochs, evaluations and records
    evidence_call: int | None = None  # the first at which the fault could be seen
    lateness: int | None = None  # calls from then until an expected code was found
    changed: bool | None = None  # by being watched; None: two unwatched runs differ already
    seconds: float = 0.0  # both runs together, without imports
    notes: tuple[str, ...] = ()  # warnings of tb_bnplugin; why unchecked, why changed
    miss_reason: dict[str, str] = dataclasses.field(default_factory=dict)  # by code
    marked: tuple[str, ...] | None = None  # codes found whose line is marked; None: not counted
    misplaced: tuple[str, ...] = ()  # findings whose place is not the line marked as wrong
    error: str = ""  # traceback, where the program died

    @property
    def faulty(self) -> bool:
        """Whether there is something to find on this flavour."""
        return bool(self.expected)

    @property
    def found_codes(self) -> frozenset[str]:
        """Codes of all findings, expected by the program or not."""
        return frozenset(found.code for found in self.found)

    @property
    def missed(self) -> tuple[str, ...]:
        """Codes that should have been found."""
        return tuple(code for code in self.expected if code not in self.found_codes)

    @property
    def extra(self) -> tuple[Found, ...]:
        """Findings beyond the expected codes that the program did not declare."""
        return tuple(
            found for found in self.found if found.code not in self.expected and not found.expected
        )

    @property
    def wrong_places(self) -> tuple[tuple[str, str], ...]:
        """The marked codes with a finding at another line or at none; and where these are."""
        return tuple(
            (code, ", ".join(told.removeprefix(f"{code} ") for told in of_code))
            for code in self.marked or ()
            if (of_code := [told for told in self.misplaced if told.startswith(f"{code} ")])
        )

    @property
    def alarms(self) -> tuple[Found, ...]:
        """Errors and warnings where nothing is wrong."""
        if self.faulty:
            return ()
        return tuple(found for found in self.extra if found.severity != "info")

    @property
    def valid(self) -> bool:
        """Whether it ran, and is what it says it is."""
        seen = not self.faulty or self.evidence_call is not None
        return not self.error and bool(self.proofs) and all(p.held for p in self.proofs) and seen

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Result:
        """The result that `to_json` gave."""
        found = tuple(
            Found(**{**each, "steps": tuple(each["steps"]) if each["steps"] else None})
            for each in values["found"]
        )
        lists = ("expected", "told", "crashed", "notes", "misplaced")
        return cls(
            **{
                **values,
                **{name: tuple(values.get(name, ())) for name in lists},
                "marked": None if values.get("marked") is None else tuple(values["marked"]),
                "found": found,
                "proofs": tuple(Proof(**each) for each in values["proofs"]),
            }
        )

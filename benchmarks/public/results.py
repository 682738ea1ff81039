"""What came of one public program on one flavour, and its JSON twin."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Found:
    """One finding of the log."""

    code: str
    severity: str
    model: str = ""
    layers: int = 0
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One program on one flavour."""

    name: str
    flavour: str
    repository: str = ""
    commit: str = ""
    path: str = ""
    steps: int = 0  # the last step recorded
    models: tuple[str, ...] = ()  # "name (layers)" of what was recorded
    found: tuple[Found, ...] = ()
    told: tuple[str, ...] = ()  # "BN101 error", while it ran
    warnings: tuple[str, ...] = ()  # of tb_bnplugin, while it ran
    notes: tuple[str, ...] = ()  # of `check`; rules that crashed
    equal: bool | None = None  # bit for bit; None: two unwatched runs differ already
    without: str = (
        ""  # the last line of the error without tb_bnplugin: not a program of this flavour
    )
    error: str = ""  # with it
    seconds: float = 0.0  # both runs together

    @property
    def ran(self) -> bool:
        """Whether it runs on this flavour, without tb_bnplugin."""
        return not self.without

    @property
    def layers(self) -> tuple[str, ...]:
        """Number of batch normalization layers of each model recorded."""
        return tuple(model.rpartition("(")[2].rstrip(")") for model in self.models)

    @property
    def outcome(self) -> str:
        """In a few words."""
        if self.without:
            return "does not run on this flavour"
        if self.error:
            return "broken"
        if not self.steps or self.warnings or any(each.code == "RC101" for each in self.found):
            return "recording lost"
        if self.equal is None:
            return "unlike from run to run"
        return "equal" if self.equal else "changed"

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Result:
        """The result that `to_json` gave."""
        lists = ("models", "told", "warnings", "notes")
        return cls(
            **{
                **values,
                **{name: tuple(values[name]) for name in lists},
                "found": tuple(Found(**each) for each in values["found"]),
            }
        )

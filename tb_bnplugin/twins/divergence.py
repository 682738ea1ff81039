"""One difference between two steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

STAGES: Final = (
    "inputs",
    "modes",
    "outputs",
    "loss",
    "regularization",
    "gradients",
    "optimizer",
    "statistics",
    "metrics",
)
"""The places where two steps may part, in the order in which data flow."""


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """One difference between two steps, beyond rounding."""

    stage: str  # one of STAGES
    subject: str  # of what: a layer, a weight, a metric; "" for the whole
    message: str  # one line, with the numbers
    ratio: float = float("nan")  # second over first, where one number says it

    def __str__(self) -> str:
        """As the report prints it."""
        return f"{self.stage}: {self.message}"


def shortened(names: list[str], most: int = 4) -> str:
    """Some names in a line."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def counted(count: int, what: str) -> str:
    """A number and a noun: "1 layer", "3 layers"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"

"""The facts of a report file itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class About:
    """The version that wrote a report, when, and what could not be read."""

    version: str
    written: str  # for people
    notes: tuple[str, ...] = ()  # one line each

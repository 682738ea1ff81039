"""Words that the command line, a console and a notebook share; names made safe to print."""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome, Place
from tb_bnplugin.printed import num

LONGEST: Final = 2000
"""Characters of a text that may come from a log; those of the rules are shorter."""

SHOWN_LAYERS: Final = 3
SHOWN_CHARACTERS: Final = 60
SEVERITIES: Final = ("error", "warning", "info")
"""Worst first."""


def cut(text: str) -> str:
    """A text of bounded length: names and reasons of a log may have any."""
    more = len(text) - LONGEST
    return text if more <= 0 else f"{text[:LONGEST]}... and {more} more characters"


def printable(text: str) -> str:
    """A text whose control characters, which move the cursor or turn the text, are escaped."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def short(name: str, longest: int = SHOWN_CHARACTERS) -> str:
    """A name on one line, cut where it is long."""
    escaped = printable(name)
    return escaped if len(escaped) <= longest else f"{escaped[: longest - 3]}..."


def plural(count: int, word: str) -> str:
    """A number with its word; "info" has no plural."""
    return f"{count:,} {word}" if count == 1 or word == "info" else f"{count:,} {word}s"


def steps(first: int, last: int) -> str:
    """The steps that a finding covers."""
    return f"step {first}" if first == last else f"steps {first}-{last}"


def layers(outcome: Outcome) -> str:
    """The first layers of an outcome, and the number of the others."""
    shown = ", ".join(short(path) for path in outcome.layers[:SHOWN_LAYERS])
    more = len(outcome.layers) - SHOWN_LAYERS
    return f"{shown} and {more:,} more" if more > 0 else shown


def value(of: EvidenceValue) -> str:
    """A value of the evidence."""
    if of is None:
        return "unknown"
    if isinstance(of, bool):
        return "yes" if of else "no"
    return num(of) if isinstance(of, float) else str(of)


def line_of(place: Place) -> str:
    """The text of the line, where it is and who called it."""
    callers = ", ".join(f"{short(line.file)}:{line.line}" for line in place.callers)
    called = f", called from {callers}" if callers else ""
    return f"{printable(place.text)} (in {short(place.function)}{called})"

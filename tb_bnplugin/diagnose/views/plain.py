"""A finding in a few lines of plain text, for a console, a notebook and a failed test."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Final

from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.views.words import (
    SEVERITIES,
    cut,
    layers,
    plural,
    printable,
    short,
    steps,
)
from tb_bnplugin.printed import run_name

WIDTH: Final = 100
SHOWN_FINDINGS: Final = 50
SHOWN_REASONS: Final = 10


def heading(outcome: Outcome) -> str:
    """Where it is, how bad, and the rule: "train.py:42: error BN101 never-updated"."""
    at = "" if outcome.place is None else f"{cut(printable(str(outcome.place)))}: "
    return f"{at}{outcome.severity} {outcome.code} {printable(outcome.name)}"


def finding_text(outcome: Outcome) -> str:
    """The finding: place, rule and model, the line of the program, message and fix."""
    where = [f" in {short(outcome.model)}"] if outcome.model else [""]
    if outcome.runs:
        where.append(f"runs {' against '.join(short(run_name(run)) for run in outcome.runs)}")
    if outcome.layers:
        where.append(f"{'layer' if len(outcome.layers) == 1 else 'layers'} {layers(outcome)}")
    if outcome.steps is not None:
        where.append(steps(*outcome.steps))
    lines = [heading(outcome) + ", ".join(where)]
    if outcome.place is not None and outcome.place.text:
        lines.append(f"    {cut(printable(outcome.place.text))}")
    lines.append(_wrapped(outcome.message or outcome.reason or ""))
    if outcome.fix:
        lines.append(_wrapped(f"fix: {' '.join(outcome.fix.split())}"))
    return "\n".join(lines)


def findings_text(found: Sequence[Outcome]) -> str:
    """Findings, worst first, a few lines each."""
    shown = [finding_text(outcome) for outcome in worst_first(found)[:SHOWN_FINDINGS]]
    more = len(found) - SHOWN_FINDINGS
    return "\n".join([*shown, *([f"and {plural(more, 'more finding')}"] if more > 0 else [])])


def worst_first(found: Sequence[Outcome]) -> list[Outcome]:
    """Findings by severity, else in their own order."""
    return sorted(found, key=lambda outcome: SEVERITIES.index(outcome.severity))


def summary(outcomes: Sequence[Outcome]) -> str:
    """The outcomes in one line: "1 error, 1 warning; 24 rules passed, 3 not checked"."""
    found = [each for each in outcomes if each.status == "finding" and not each.expected]
    counted = Counter(each.severity for each in found)
    wrong = [plural(counted[each], each) for each in SEVERITIES if counted[each]]
    statuses = Counter(each.status for each in outcomes)
    others = [
        f"{count:,} {word}"
        for count, word in (
            (sum(each.expected for each in outcomes), "expected"),
            (statuses["ok"], "passed"),
            (statuses["not_checked"], "not checked"),
            (statuses["crashed"], "crashed"),
        )
        if count
    ]
    return "; ".join([", ".join(wrong) or "no finding", *([", ".join(others)] if others else [])])


def not_checked_text(outcomes: Sequence[Outcome]) -> list[str]:
    """A line for each reason why rules were not checked, with their codes."""
    codes: dict[str, dict[str, None]] = {}
    for outcome in outcomes:
        if outcome.status in ("not_checked", "crashed"):
            reason = cut(printable(outcome.reason or "no reason given"))
            codes.setdefault(reason, {})[outcome.code] = None
    lines = [f"not checked: {', '.join(each)}: {why}" for why, each in codes.items()]
    more = len(lines) - SHOWN_REASONS
    return lines[:SHOWN_REASONS] + ([f"and {plural(more, 'more reason')}"] if more > 0 else [])


def _wrapped(text: str) -> str:
    return textwrap.fill(
        cut(printable(" ".join(text.split()))),
        WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_on_hyphens=False,
    )

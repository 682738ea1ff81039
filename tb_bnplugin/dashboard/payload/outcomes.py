"""The JSON of what the rules say of a run."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

from tb_bnplugin.dashboard.payload.values import Json
from tb_bnplugin.diagnose import Outcome, explain_all
from tb_bnplugin.diagnose.views.words import SEVERITIES


def outcomes(entries: Iterable[Outcome]) -> list[Json]:
    """Findings first, by severity; then expected, ok, not checked and crashed."""
    return [outcome(entry) for entry in sorted(entries, key=_rank)]


def outcome(entry: Outcome) -> Json:
    """`Outcome`: as the command line prints it, with the rule's documentation beside it."""
    why, fine_when = _documentation().get(entry.code, ("", ""))
    return {**entry.to_json(), "why": why, "fine_when": fine_when}


@functools.cache
def _documentation() -> Mapping[str, tuple[str, str]]:
    return {
        rule.code: (rule.section("Why it matters"), rule.section("When it is fine"))
        for rule in explain_all()
    }


def _rank(entry: Outcome) -> tuple[int, int]:
    severity = SEVERITIES.index(entry.severity)
    if entry.status == "finding":
        return (1 if entry.expected else 0, severity)
    return (("ok", "not_checked", "crashed").index(entry.status) + 2, 0)

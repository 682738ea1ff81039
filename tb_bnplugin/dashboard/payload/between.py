"""The JSON of what comparing finds between the runs of a folder: small, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tb_bnplugin.dashboard.between import Pair
from tb_bnplugin.dashboard.payload.overview import LONGEST_NAME
from tb_bnplugin.dashboard.payload.values import SCHEMA_VERSION, Json
from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.diagnose.views.plain import worst_first
from tb_bnplugin.logs.provider import shorten

LONGEST_MESSAGE: Final = 400
MOST_GROUPS: Final = 50
MOST_RUNS: Final = 50
"""Of one group, those that are named; the others are counted."""


def comparisons(pairs: Sequence[Pair], *, left: int) -> Json:
    """`Comparisons`: findings of one rule against one run together, the worst first."""
    of = {id(outcome): pair for pair in pairs for outcome in pair.outcomes}
    found = [one for pair in pairs for one in pair.outcomes if _is_found(one)]
    groups: dict[tuple[str, str, str], Json] = {}
    for one in worst_first(found):
        reference, run = one.runs
        group = groups.setdefault(
            (one.code, one.severity, reference),
            {"code": one.code, "name": one.name, "severity": one.severity, "against": reference},
        )
        group["count"] = group.get("count", 0) + 1
        named = group.setdefault("runs", [])
        if len(named) < MOST_RUNS and len(run) <= LONGEST_NAME:
            named.append(_run(one, of[id(one)]))
    named = [group for group in groups.values() if len(group["against"]) <= LONGEST_NAME]
    return {
        "schema_version": SCHEMA_VERSION,
        "left": left,
        "pairs": len(pairs),
        "found": named[:MOST_GROUPS],
        "more": sum(group["count"] for group in named[MOST_GROUPS:]),
    }


def _run(one: Outcome, pair: Pair) -> Json:
    model = None if pair.is_first or len(one.model) > LONGEST_NAME else one.model
    return {"run": one.runs[1], "model": model, "message": shorten(one.message, LONGEST_MESSAGE)}


def _is_found(one: Outcome) -> bool:
    return one.status == "finding" and not one.expected

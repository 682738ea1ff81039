"""The JSON of the list of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tb_bnplugin.dashboard.payload.values import SCHEMA_VERSION, Json
from tb_bnplugin.diagnose import Outcome


def runs(entries: Iterable[tuple[str, Sequence[str], Sequence[Outcome] | None]]) -> Json:
    """`Runs`: of each run the models, and the outcomes where they are known."""
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [
            {
                "run": run,
                "models": list(models),
                "errors": _count(outcomes, "error"),
                "warnings": _count(outcomes, "warning"),
            }
            for run, models, outcomes in entries
        ],
    }


def _count(outcomes: Sequence[Outcome] | None, severity: str) -> int | None:
    if outcomes is None:
        return None
    return sum(
        entry.status == "finding" and entry.severity == severity and not entry.expected
        for entry in outcomes
    )

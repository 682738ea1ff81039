"""The JSON of the table of all runs: one row a run, small and bounded whatever its log holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tb_bnplugin.dashboard.payload.cells import axis_of, training_share
from tb_bnplugin.dashboard.payload.curve import Curve, curve_row
from tb_bnplugin.dashboard.payload.values import SCHEMA_VERSION, Json, draw
from tb_bnplugin.dashboard.responses import encode
from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.diagnose.views.plain import worst_first
from tb_bnplugin.diagnose.views.words import SEVERITIES
from tb_bnplugin.history.model import RunHistory
from tb_bnplugin.logs.provider import RunListing, shorten

MOST_NOTES: Final = 3
LONGEST_TEXT: Final = 200
LONGEST_NAME: Final = 200
"""A model of a longer name is not named: a link to it would be longer than addresses may be."""


class Counts(NamedTuple):
    """Findings of a run that are not expected."""

    errors: int
    warnings: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """One run of the table, as it is answered: a thousand of them are held."""

    counts: Counts
    encoded: bytes


def overview(rows: Iterable[Row], *, left: int) -> bytes:
    """`Overview`, encoded: rows of some runs, and how many of those asked for were not read."""
    head = b'{"schema_version":%d,"left":%d,"rows":[' % (SCHEMA_VERSION, left)
    return head + b",".join(row.encoded for row in rows) + b"]}"


def stamp(listing: RunListing) -> str:
    """A text that changes whenever the run has newer records."""
    step, wall_time = listing.newest
    return f"{step}-{wall_time!r}-{len(listing.tags)}"


def create_row(
    listing: RunListing,
    history: RunHistory,
    outcomes: Mapping[str, Sequence[Outcome]],
    curve: Curve | None,
) -> Row:
    """The row of a run that was read."""
    every = [outcome for model in outcomes.values() for outcome in model]
    found = [one for one in every if one.status == "finding" and not one.expected]
    counts = Counts(*(_count(found, severity) for severity in ("error", "warning")))
    steps = [end for model in history.models for end in model.steps[[0, -1][: len(model.steps)]]]
    axis = axis_of(steps, () if curve is None else curve.steps)
    notes = [*history.notes, *(note for model in history.models for note in model.notes)]
    first = history.models[0].facts.name if history.models else None
    return _row(
        listing,
        counts,
        {
            "worst": next((word for word in SEVERITIES if _count(found, word)), None),
            "findings": _findings(found, first),
            "passed": sum(one.status == "ok" for one in every),
            "not_checked": sum(one.status == "not_checked" for one in every),
            "crashed": sum(one.status == "crashed" for one in every),
            "expected": sum(one.status == "finding" and one.expected for one in every),
            "layers": sum(len(model.facts.layers) for model in history.models),
            "steps": [int(min(steps)), int(max(steps))] if steps else None,
            "curve": None if axis is None else curve_row(curve, axis),
            "training_share": ([] if axis is None else draw(training_share(axis, history.models))),
            "notes": _some(notes),
        },
    )


def failed_row(listing: RunListing, error: Exception) -> Row:
    """The row of a run that cannot be read now."""
    reason = f"cannot be read now: {type(error).__name__}: {error}"
    return _row(listing, Counts(0, 0), {**_NOTHING, "notes": _some([reason, *listing.notes])})


_NOTHING: Final[Json] = {
    "worst": None,
    "findings": [],
    "passed": 0,
    "not_checked": 0,
    "crashed": 0,
    "expected": 0,
    "layers": 0,
    "steps": None,
    "curve": None,
    "training_share": [],
}


def _row(listing: RunListing, counts: Counts, values: Json) -> Row:
    named = {"run": listing.run, "stamp": stamp(listing), **counts._asdict()}
    return Row(counts=counts, encoded=encode({**named, **values}))


def _findings(found: Sequence[Outcome], first_model: str | None) -> list[Json]:
    """One entry a code, the worst first and else in the order of the rules."""
    entries: dict[str, Json] = {}
    for one in worst_first(found):
        model = None if one.model == first_model or len(one.model) > LONGEST_NAME else one.model
        entry = entries.setdefault(
            one.code,
            {
                "code": one.code,
                "name": one.name,
                "severity": one.severity,
                "count": 0,
                "layers": 0,
                "model": model,
                "message": shorten(one.message, LONGEST_TEXT),
            },
        )
        entry["count"] += 1
        entry["layers"] += len(one.layers)
    return list(entries.values())


def _count(found: Iterable[Outcome], severity: str) -> int:
    return sum(one.severity == severity for one in found)


def _some(notes: Sequence[str]) -> list[str]:
    """The first notes, each cut, and how many more there are."""
    more = len(notes) - MOST_NOTES
    shown = [shorten(note, LONGEST_TEXT) for note in notes[:MOST_NOTES]]
    return [*shown, f"and {more} more"] if more > 0 else shown

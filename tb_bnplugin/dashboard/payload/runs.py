"""The JSON of the list of runs."""

from __future__ import annotations

from collections.abc import Iterable

from tb_bnplugin.dashboard.payload.overview import Counts, stamp
from tb_bnplugin.dashboard.payload.values import SCHEMA_VERSION, Json
from tb_bnplugin.logs.provider import RunListing


def runs(entries: Iterable[tuple[RunListing, Counts | None]]) -> Json:
    """`Runs`: of each run the models, and the counts of its findings where they are known."""
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [
            {
                "run": listing.run,
                "models": list(listing.models),
                "stamp": stamp(listing),
                "errors": None if counts is None else counts.errors,
                "warnings": None if counts is None else counts.warnings,
            }
            for listing, counts in entries
        ],
    }

"""One run of a log, read: what keeps it from being read is told, and stops no other run."""

from __future__ import annotations

from typing import Protocol

from tb_bnplugin.history.build import build_run
from tb_bnplugin.history.model import RunHistory
from tb_bnplugin.logs.provider import RunListing, shorten
from tb_bnplugin.schema.records import Record


class Source(Protocol):
    """A log folder, or TensorBoard's data provider."""

    def read_records(self, listing: RunListing) -> tuple[list[Record], tuple[str, ...]]:
        """The records of one run but the channels, and notes."""


def read_run(source: Source, listing: RunListing) -> RunHistory:
    """The history of a run, without models and with one more note where nothing can be made of it.

    Raises:
        Exception: what the source raises; that is of the moment, not of the log.
    """
    records, notes = source.read_records(listing)
    try:
        return build_run(listing.run, records, (*listing.notes, *notes))
    except Exception as error:  # noqa: BLE001  # a log may hold what nobody has thought of
        reason = shorten(f"{type(error).__name__}: {error}", 200)
        note = f"its records cannot be read, which is a bug in tb_bnplugin ({reason})"
        return RunHistory(run=listing.run, models=(), notes=(*listing.notes, *notes, note))

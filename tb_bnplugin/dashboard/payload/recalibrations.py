"""The JSON of recalibrations: what the model did before and after each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tb_bnplugin.dashboard.payload.values import Json
from tb_bnplugin.history.model import Recalibrated


def recalibrations(entries: Sequence[Recalibrated]) -> list[Json]:
    """`Recalibration[]`: the documents of the log; layers are named of one of them alone.

    That is the newest that was applied, or where none was, the newest.
    """
    applied = [entry for entry in entries if entry.facts.applied]
    named = (applied or entries)[-1:]
    return [_row(entry, named=entry in named) for entry in entries]


def _row(entry: Recalibrated, *, named: bool) -> Json:
    row: Json = {"step": entry.step, **dataclasses.asdict(entry.facts)}
    for name in ("layers", "left"):
        row[name] = list(row[name]) if named else []
    return row

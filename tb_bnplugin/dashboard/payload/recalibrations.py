"""The JSON of recalibrations: what the model did before and after each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from tb_bnplugin.dashboard.payload.values import Json
from tb_bnplugin.history.model import Recalibrated

_NAMED: Final = {"layers": 10, "left": 3}
"""Of each recalibration, so that many of them are no long answer; the document may have more."""


def recalibrations(entries: Sequence[Recalibrated]) -> list[Json]:
    """`Recalibration[]`: the documents of the log, each with its first layers."""
    return [_row(entry) for entry in entries]


def _row(entry: Recalibrated) -> Json:
    row: Json = {"step": entry.step, **dataclasses.asdict(entry.facts)}
    for name, most in _NAMED.items():
        row[name] = list(row[name][:most])
    return row

"""The JSON of twins: how two steps differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tb_bnplugin.dashboard.payload.values import Json
from tb_bnplugin.history.model import Twinned


def twins(entries: Sequence[Twinned]) -> list[Json]:
    """`Twin[]`: the documents of the log, and their steps."""
    return [_row(entry) for entry in entries]


def _row(entry: Twinned) -> Json:
    row: Json = {"step": entry.step, **dataclasses.asdict(entry.facts)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}

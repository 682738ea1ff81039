"""The JSON of a twin: how two steps differ."""

from __future__ import annotations

import dataclasses

from tb_bnplugin.dashboard.payload.values import Json
from tb_bnplugin.history.model import Twinned


def twin(entry: Twinned) -> Json:
    """`Twin`: the document of the log, and the step."""
    row: Json = {"step": entry.step, **dataclasses.asdict(entry.facts)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}

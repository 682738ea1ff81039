"""Findings and layers as files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tb_bnplugin.dashboard.payload.values import number
from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.history.model import ModelHistory

_FINDING_COLUMNS: Final = (
    "run",
    "model",
    "code",
    "name",
    "status",
    "severity",
    "expected",
    "first_step",
    "last_step",
    "layers",
    "message",
    "fix",
    "reason",
    "evidence",
)


@dataclass(frozen=True, kw_only=True)
class File:
    """An attachment."""

    name: str  # ASCII letters, digits, dots, dashes
    content_type: str
    content: bytes


def findings(run: str, model: ModelHistory, outcomes: Sequence[Outcome], form: str) -> File:
    """Every outcome of one model, as `tb-bnplugin check --format json` has them, or as CSV."""
    if form == "json":
        content: dict[str, Any] = {
            "schema_version": 1,
            "run": run,
            "model": model.facts.name,
            "outcomes": [outcome.to_json() for outcome in outcomes],
        }
        return _json_file(f"{run}-findings", content)
    rows = ((run, *_finding_row(outcome)) for outcome in outcomes)
    return _csv_file(f"{run}-findings", _FINDING_COLUMNS, rows)


def layer(run: str, model: ModelHistory, index: int, form: str) -> File:
    """Every recorded column of one layer, with all digits, one row a record."""
    path = model.facts.layers[index].path
    table = {
        name: [number(value) for value in column[:, index].tolist()]
        for name, column in model.layer_columns.items()
    }
    steps, wall_times = model.steps.tolist(), model.wall_times.tolist()
    if form == "json":
        return _json_file(
            f"{run}-{path}",
            {
                "schema_version": 1,
                "run": run,
                "model": model.facts.name,
                "layer": path,
                "steps": steps,
                "wall_times": wall_times,
                "columns": table,
            },
        )
    rows = zip(steps, wall_times, *table.values(), strict=True)
    return _csv_file(f"{run}-{path}", ("step", "wall_time", *table), rows)


def _finding_row(outcome: Outcome) -> tuple[Any, ...]:
    first, last = outcome.steps or (None, None)
    return (
        outcome.model,
        outcome.code,
        outcome.name,
        outcome.status,
        outcome.severity,
        outcome.expected,
        first,
        last,
        "; ".join(outcome.layers),
        outcome.message,
        outcome.fix,
        outcome.reason,
        json.dumps(outcome.to_json()["evidence"]),
    )


def _json_file(stem: str, content: dict[str, Any]) -> File:
    encoded = json.dumps(content, indent=1, allow_nan=False).encode("ascii")
    return File(name=_file_name(stem, "json"), content_type="application/json", content=encoded)


def _csv_file(stem: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> File:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    content = text.getvalue().encode("utf-8", "replace")
    return File(name=_file_name(stem, "csv"), content_type="text/csv", content=content)


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: names in a log may hold anything."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def _file_name(stem: str, ending: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", stem).strip("-.")[:80]
    return f"{plain or 'run'}.{ending}"

"""A file of findings that are known: a project can start clean, and only new ones fail."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.errors import BaselineError
from tb_bnplugin.logs.check import Report

SCHEMA_VERSION: Final = 1


def fingerprint(outcome: Outcome) -> str:
    """The same for one finding in every run, also where lines above its own were added."""
    return hashlib.sha256(json.dumps(_key(outcome)).encode()).hexdigest()[:32]


def write(path: str | os.PathLike[str], report: Report) -> int:
    """Write the findings of a report as known; return how many.

    Raises:
        BaselineError: the file cannot be written.
    """
    known = {fingerprint(outcome): _entry(outcome) for outcome in report.findings}
    content = {"schema_version": SCHEMA_VERSION, "findings": list(known.values())}
    try:
        Path(path).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise BaselineError(f"cannot write the baseline {os.fspath(path)}: {error}") from error
    return len(known)


def apply(path: str | os.PathLike[str], report: Report) -> Report:
    """The report with its known findings expected, and a note of those that are gone.

    Raises:
        BaselineError: the file cannot be read, or is no baseline.
    """
    known = _read(path)
    found = {fingerprint(outcome) for outcome in report.outcomes if outcome.status == "finding"}

    def mark(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
        return tuple(
            replace(outcome, expected=True)
            if outcome.status == "finding" and fingerprint(outcome) in known
            else outcome
            for outcome in outcomes
        )

    gone = len(known - found)
    counted = "1 finding" if gone == 1 else f"{gone} findings"
    note = f"{counted} of the baseline did not appear: write it again once that is meant"
    return replace(
        report,
        runs=tuple(replace(run, outcomes=mark(run.outcomes)) for run in report.runs),
        comparisons=mark(report.comparisons),
        notes=(*report.notes, note) if gone else report.notes,
    )


def _read(path: str | os.PathLike[str]) -> set[str]:
    where = os.fspath(path)
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BaselineError(f"cannot read the baseline {where}: {error}") from error
    except ValueError as error:
        raise BaselineError(f"the baseline {where} is no JSON document: {error}") from error
    if not isinstance(content, dict) or content.get("schema_version") != SCHEMA_VERSION:
        raise BaselineError(f"{where} is no baseline of this version: write it with it again")
    entries = content.get("findings")
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("fingerprint"), str) for entry in entries
    ):
        raise BaselineError(f"the baseline {where} lists no findings: write it again")
    return {entry["fingerprint"] for entry in entries}


def _entry(outcome: Outcome) -> dict[str, Any]:
    return {
        "code": outcome.code,
        "model": outcome.model,
        "place": None if outcome.place is None else str(outcome.place),
        "fingerprint": fingerprint(outcome),
    }


def _key(outcome: Outcome) -> list[Any]:
    place = outcome.place
    if place is None:
        return [outcome.code, outcome.model, list(outcome.layers), list(outcome.runs)]
    return [outcome.code, outcome.model, place.file, place.function, place.text]

"""The JSON documents of a model: its facts, its phases, and which columns each process wrote."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from tb_bnplugin.errors import FactsError
from tb_bnplugin.history.model import Recalibrated, Twinned
from tb_bnplugin.history.sound import (
    read_calls,
    read_model,
    read_phase,
    read_recalibration,
    read_twin,
)
from tb_bnplugin.schema.facts import Call, Columns, ModelFacts, Phase
from tb_bnplugin.schema.records import Record

MOST_RECALIBRATIONS: Final = 50
"""Of a model: one before each validation of a long training is many."""

MOST_TWINS: Final = 20
"""Of a model: each takes some seconds, and is made now and then."""

_Document = TypeVar("_Document")


@dataclass(frozen=True, kw_only=True)
class ModelDocuments:
    """The newest facts of a model, and the columns of each process that recorded it.

    A process appends columns and never changes those it has, so that its newest document names
    the columns of all its records. Another process, of another version perhaps, has its own.
    """

    facts: ModelFacts  # newest of all
    starts: tuple[float, ...]  # when each process with a document began, seconds, ascending
    columns: tuple[Columns, ...]  # of each of these processes

    def columns_at(self, wall_time: float) -> Columns:
        """Columns of a record that was written at this time."""
        return self.columns[max(0, bisect.bisect_right(self.starts, wall_time) - 1)]


def read_model_documents(records: Sequence[Record], skipped: Counter[str]) -> ModelDocuments | None:
    """The model documents that can be read, None where there is none."""
    newest: dict[float, Columns] = {}
    facts: ModelFacts | None = None
    for facts in _parsed(_by_time(records), read_model, skipped):  # the last stays
        newest[facts.process_started] = facts.columns
    if facts is None:
        return None
    name = records[0].metadata.model  # by which it is found, whatever the document says
    if facts.name != name:
        facts = replace(facts, name=name)
    starts = tuple(sorted(newest))
    return ModelDocuments(
        facts=facts, starts=starts, columns=tuple(newest[start] for start in starts)
    )


def read_phases(records: Sequence[Record], skipped: Counter[str]) -> tuple[Phase, ...]:
    """The phases in the order in which they began, each as it was last written."""
    newest: dict[tuple[float, int], Phase] = {}
    for phase in _parsed(_by_time(records), read_phase, skipped):
        newest[phase.process_started, phase.number] = phase
    return tuple(newest[key] for key in sorted(newest))


def read_ledger(records: Sequence[Record], layers: int, skipped: Counter[str]) -> tuple[Call, ...]:
    """The lines of the newest mode ledger that are of one of so many layers."""
    calls = next(_parsed(reversed(_by_time(records)), read_calls, skipped), ())
    return tuple(call for call in calls if 0 <= call.layer < layers)


def read_recalibrations(
    records: Sequence[Record], skipped: Counter[str]
) -> tuple[Recalibrated, ...]:
    """The newest recalibrations, in the order in which they were made."""
    return tuple(
        Recalibrated(step=record.step, facts=facts)
        for record in _newest(records, MOST_RECALIBRATIONS, skipped)
        for facts in _parsed([record], read_recalibration, skipped)
    )


def read_twins(records: Sequence[Record], skipped: Counter[str]) -> tuple[Twinned, ...]:
    """The newest twins, in the order in which they were made."""
    return tuple(
        Twinned(step=record.step, facts=facts)
        for record in _newest(records, MOST_TWINS, skipped)
        for facts in _parsed([record], read_twin, skipped)
    )


def shorten(text: str) -> str:
    """A text of a log, short and on one line."""
    printable = "".join(char if char.isprintable() else "?" for char in text[:80])
    return printable + ("..." if len(text) > 80 else "")


def _by_time(records: Sequence[Record]) -> list[Record]:
    return sorted(records, key=lambda record: record.wall_time)


def _newest(records: Sequence[Record], most: int, skipped: Counter[str]) -> list[Record]:
    ordered = _by_time(records)
    if len(ordered) > most:
        skipped[f"{ordered[0].metadata.kind} records before the last {most}"] += len(ordered) - most
    return ordered[-most:]


def _parsed(
    records: Iterator[Record] | Sequence[Record],
    read: Callable[[bytes], _Document],
    skipped: Counter[str],
) -> Iterator[_Document]:
    for record in records:
        if not isinstance(record.value, bytes):
            skipped[f"{record.metadata.kind} records hold no JSON document"] += 1
            continue
        try:
            yield read(record.value)
        except FactsError as error:  # a few documents a run
            skipped[f"{record.metadata.kind} records cannot be read ({shorten(str(error))})"] += 1

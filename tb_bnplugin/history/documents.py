"""The JSON documents of a model: its facts, its phases, and which columns each process wrote."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tb_bnplugin.errors import FactsError
from tb_bnplugin.history.bounds import LATEST, within
from tb_bnplugin.history.sound import sound_model, sound_phase
from tb_bnplugin.schema.facts import Columns, ModelFacts, Phase
from tb_bnplugin.schema.facts_json import parse_model, parse_phase
from tb_bnplugin.schema.records import Record

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
    for parsed in _parsed(_by_time(records), parse_model, skipped):
        facts = parsed  # the last stays
        newest[within(parsed.process_started, 0.0, LATEST, 0.0)] = parsed.columns
    if facts is None:
        return None
    facts = sound_model(facts, records[0].metadata.model)
    starts = tuple(sorted(newest))
    return ModelDocuments(
        facts=facts, starts=starts, columns=tuple(newest[start] for start in starts)
    )


def read_phases(records: Sequence[Record], skipped: Counter[str]) -> tuple[Phase, ...]:
    """The phases in the order in which they began, each as it was last written."""
    newest: dict[tuple[float, int], Phase] = {}
    for parsed in _parsed(_by_time(records), parse_phase, skipped):
        phase = sound_phase(parsed)
        newest[phase.process_started, phase.number] = phase
    return tuple(newest[key] for key in sorted(newest))


def read_newest(
    records: Sequence[Record], parse: Callable[[bytes], _Document], skipped: Counter[str]
) -> _Document | None:
    """The newest document that can be read, None where there is none."""
    return next(_parsed(reversed(_by_time(records)), parse, skipped), None)


def shorten(text: str) -> str:
    """A text of a log, short and on one line."""
    printable = "".join(char if char.isprintable() else "?" for char in text[:80])
    return printable + ("..." if len(text) > 80 else "")


def _by_time(records: Sequence[Record]) -> list[Record]:
    return sorted(records, key=lambda record: record.wall_time)


def _parsed(
    records: Iterator[Record] | Sequence[Record],
    parse: Callable[[bytes], _Document],
    skipped: Counter[str],
) -> Iterator[_Document]:
    for record in records:
        if not isinstance(record.value, bytes):
            skipped[f"{record.metadata.kind} records hold no JSON document"] += 1
            continue
        try:
            yield parse(record.value)
        except FactsError as error:  # a few documents a run
            skipped[f"{record.metadata.kind} records cannot be read ({shorten(str(error))})"] += 1

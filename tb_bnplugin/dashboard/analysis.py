"""Histories and outcomes of runs, kept until a run has newer records."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from tb_bnplugin.diagnose import Outcome, diagnose
from tb_bnplugin.history.build import build_run
from tb_bnplugin.history.model import ModelHistory, RunHistory
from tb_bnplugin.logs.provider import Reader, RunListing

HELD_RUNS: Final = 8
"""Histories in memory: at 1,000 records of 200 layers one takes about 60 MB."""

HELD_OUTCOMES: Final = 1000
"""Runs whose outcomes stay known, for the counts in the list of runs."""

Key = tuple[str, str]  # experiment, run


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """One run, read and diagnosed."""

    history: RunHistory
    outcomes: dict[str, tuple[Outcome, ...]]  # by model
    reports: dict[str, bytes] = field(default_factory=dict)  # encoded answers, by model

    def model(self, name: str) -> ModelHistory | None:
        """The history of a model; None where the run has no such model."""
        return next((model for model in self.history.models if model.facts.name == name), None)


class Analyses:
    """Analyses of the runs asked for last; several threads may ask at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._analyses: OrderedDict[Key, tuple[RunListing, Analysis]] = OrderedDict()
        self._outcomes: OrderedDict[Key, tuple[RunListing, tuple[Outcome, ...]]] = OrderedDict()
        self._reading: dict[Key, threading.Lock] = {}

    def get(self, reader: Reader, experiment: str, listing: RunListing) -> Analysis:
        """The analysis of a run, made anew only where its newest record changed."""
        key = (experiment, listing.run)
        with self._lock:
            reading = self._reading.setdefault(key, threading.Lock())
        with reading:
            with self._lock:
                held = self._analyses.get(key)
                if held is not None and held[0] == listing:
                    self._analyses.move_to_end(key)
                    return held[1]
            analysis = _analyze(reader, listing)
            outcomes = tuple(outcome for model in analysis.outcomes.values() for outcome in model)
            with self._lock:
                _hold(self._analyses, key, (listing, analysis), HELD_RUNS)
                _hold(self._outcomes, key, (listing, outcomes), HELD_OUTCOMES)
                self._reading.pop(key, None)
            return analysis

    def known_outcomes(
        self, experiment: str, listing: RunListing
    ) -> tuple[Sequence[Outcome], bool] | None:
        """The outcomes of a run as last known, and whether they are of its newest record."""
        with self._lock:
            held = self._outcomes.get((experiment, listing.run))
        return None if held is None else (held[1], held[0] == listing)


_Held = TypeVar("_Held")


def _hold(held: OrderedDict[Key, _Held], key: Key, value: _Held, limit: int) -> None:
    held[key] = value
    held.move_to_end(key)
    while len(held) > limit:
        held.popitem(last=False)


def _analyze(reader: Reader, listing: RunListing) -> Analysis:
    records, notes = reader.read_records(listing)
    history = build_run(listing.run, records, (*listing.notes, *notes))
    return Analysis(
        history=history,
        outcomes={model.facts.name: diagnose(model) for model in history.models},
    )

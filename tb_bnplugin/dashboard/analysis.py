"""Histories and outcomes of runs, kept until a run has newer records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tb_bnplugin.dashboard.held import Held
from tb_bnplugin.diagnose import Outcome, diagnose
from tb_bnplugin.history.build import build_channels
from tb_bnplugin.history.model import ChannelHistory, ModelHistory, RunHistory
from tb_bnplugin.logs.provider import Reader, Records, RunListing
from tb_bnplugin.logs.run import read_run

HELD_RUNS: Final = 8
"""Histories in memory: at 1,000 records of 200 layers one takes about 60 MB."""

HELD_OUTCOMES: Final = 1000
"""Runs whose outcomes stay known, for the counts in the list of runs."""

HELD_CHANNELS: Final = 2
"""Models whose channels are in memory, as somebody clicks from layer to layer; some tens of MB."""


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
        self._analyses: Held[Analysis] = Held(HELD_RUNS)
        self._outcomes: Held[tuple[Outcome, ...]] = Held(HELD_OUTCOMES)
        self._channels: Held[Records] = Held(HELD_CHANNELS)

    def get(self, reader: Reader, experiment: str, listing: RunListing) -> Analysis:
        """The analysis of a run, made anew only where its newest record changed."""
        key = (experiment, listing.run)

        def analyze() -> Analysis:
            analysis = analyze_run(read_run(reader, listing))
            outcomes = tuple(outcome for model in analysis.outcomes.values() for outcome in model)
            self._outcomes.put(key, listing, outcomes)
            return analysis

        return self._analyses.get(key, listing, analyze)

    def known_outcomes(
        self, experiment: str, listing: RunListing
    ) -> tuple[Sequence[Outcome], bool] | None:
        """The outcomes of a run as last known, and whether they are of its newest record."""
        known = self._outcomes.known((experiment, listing.run))
        return None if known is None else (known[1], known[0] == listing)

    def channels(
        self, reader: Reader, experiment: str, model: ModelHistory, layer: int
    ) -> ChannelHistory | None:
        """The channels of one layer; None where none were recorded."""
        name = model.facts.name
        listing = reader.list_channels(model.run, name)
        key = (experiment, model.run, name)
        records = self._channels.get(key, listing, lambda: reader.read_channels(listing))
        return build_channels(model.facts, records, layer) if records else None


def analyze_run(history: RunHistory) -> Analysis:
    """A run with what the rules say of each of its models."""
    return Analysis(
        history=history,
        outcomes={model.facts.name: diagnose(model) for model in history.models},
    )

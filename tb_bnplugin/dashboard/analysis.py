"""Histories, outcomes and rows of runs, kept until a run has newer records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tensorboard import errors

from tb_bnplugin.dashboard.between import Between
from tb_bnplugin.dashboard.held import Held
from tb_bnplugin.dashboard.payload.curve import LossReader, create_curve
from tb_bnplugin.dashboard.payload.overview import Row, create_row, failed_row
from tb_bnplugin.diagnose import Outcome, diagnose
from tb_bnplugin.history.build import build_channels
from tb_bnplugin.history.model import ChannelHistory, ModelHistory, RunHistory
from tb_bnplugin.logs.provider import Reader, Records, RunListing, shorten
from tb_bnplugin.logs.run import read_run

HELD_RUNS: Final = 8
"""Histories in memory: at 1,000 records of 200 layers one takes about 60 MB."""

HELD_ROWS: Final = 4000
"""Rows of the table of all runs in memory: one takes a few kB, with the listing it is made of."""

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

    def asked_model(self, name: str | None) -> ModelHistory:
        """The model that a request names, or the first.

        Raises:
            NotFoundError: the run has no such model, or none at all.
        """
        models = self.history.models
        run = shorten(self.history.run)
        if not models:
            reason = "; ".join(self.history.notes) or "it holds no model record"
            raise errors.NotFoundError(f"run {run!r} cannot be shown: {reason}")
        model = models[0] if name is None else self.model(name)
        if model is None:
            raise errors.NotFoundError(f"no model {shorten(name or '')!r} in run {run!r}")
        return model


class Analyses:
    """Analyses of the runs asked for last; several threads may ask at once."""

    def __init__(self) -> None:
        self._analyses: Held[Analysis] = Held(HELD_RUNS)
        self._rows: Held[Row] = Held(HELD_ROWS)
        self.between = Between()
        self._channels: Held[Records] = Held(HELD_CHANNELS)

    def get(self, reader: Reader, experiment: str, listing: RunListing) -> Analysis:
        """The analysis of a run, made anew only where its newest record changed."""
        key = (experiment, listing.run)
        return self._analyses.get(key, listing, lambda: analyze_run(read_run(reader, listing)))

    def row(self, reader: Reader, experiment: str, listing: RunListing, losses: LossReader) -> Row:
        """The run in the table of all runs; one that cannot be read says so there."""
        key = (experiment, listing.run)

        def make() -> Row:
            known = self._analyses.known(key)
            if known is not None and known[0] == listing:
                analysis = known[1]
            else:
                analysis = analyze_run(read_run(reader, listing))
                # A thousand runs of the table must not take the place of those somebody looks at.
                self._analyses.offer(key, listing, analysis)
            self.between.keep(key, listing, analysis.history, analysis.outcomes)
            return row_of(listing, analysis, losses)

        try:
            return self._rows.get(key, listing, make)
        except Exception as error:  # noqa: BLE001  # of the moment: it is tried again, others go on
            return failed_row(listing, error)

    def known_row(self, experiment: str, listing: RunListing) -> tuple[Row, bool] | None:
        """The row of a run as last known, and whether it is of its newest record."""
        known = self._rows.known((experiment, listing.run))
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


def row_of(listing: RunListing, analysis: Analysis, losses: LossReader) -> Row:
    """A run as the table of all runs shows it."""
    curve = create_curve(losses.of(listing.run), analysis.history)
    return create_row(listing, analysis.history, analysis.outcomes, curve)

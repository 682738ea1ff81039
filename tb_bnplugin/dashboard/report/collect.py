"""All that the page of a report may ask for: what matters first, until the file is full."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from tb_bnplugin.dashboard.analysis import Analysis, row_of
from tb_bnplugin.dashboard.between import Side as Compared
from tb_bnplugin.dashboard.between import compare_runs
from tb_bnplugin.dashboard.payload.between import comparisons
from tb_bnplugin.dashboard.payload.columns import column, heatmap_columns
from tb_bnplugin.dashboard.payload.comparison import Side, comparison
from tb_bnplugin.dashboard.payload.curve import LossReader
from tb_bnplugin.dashboard.payload.layer import layer_payload
from tb_bnplugin.dashboard.payload.overview import overview
from tb_bnplugin.dashboard.payload.report import report
from tb_bnplugin.dashboard.payload.rules import rules
from tb_bnplugin.dashboard.payload.runs import runs
from tb_bnplugin.dashboard.payload.scalars import scalars
from tb_bnplugin.dashboard.placement import PlacedSeries, place
from tb_bnplugin.dashboard.report.budget import BYTES, Answers
from tb_bnplugin.history.build import build_channels
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.logs.program import models_to_compare, runs_of_program, runs_to_compare
from tb_bnplugin.logs.whole_folder import WholeLogFolder

SHOWN_RUNS: Final = 50
PAIRED_RUNS: Final = 8
"""Up to so many runs every two are compared; of more, each with the first one beside it."""
POINTS: Final = 1000
"""Points of a curve."""


def collect(
    folder: WholeLogFolder, analyses: Sequence[Analysis], limit: int = BYTES
) -> tuple[list[str], list[str], list[Analysis]]:
    """The answers as JSON texts, notes of what is left out, and the runs that are not.

    Args:
        folder: the log, for its scalars and channels.
        analyses: its runs.
        limit: bytes of the answers.
    """
    answers = Answers(limit)
    readable = [analysis for analysis in analyses if analysis.history.models]
    shown = [analysis for analysis in _most_wrong(readable) if _add_reports(answers, analysis)]
    shown.sort(key=lambda analysis: analysis.history.run)
    notes = _left_out(len(analyses), len(shown))
    _add_table(answers, folder, shown)
    complete = answers.add("rules", rules())
    for analysis in shown:
        complete &= _add_scalars(answers, folder, analysis)
    for analysis in shown:
        complete &= _add_layers(answers, folder, analysis, found=True)
    for analysis in shown:
        complete &= _add_columns(answers, analysis)
    for here, there in _pairs(shown):
        complete &= _add_comparisons(answers, here, there)
    for analysis in shown:
        complete &= _add_layers(answers, folder, analysis, found=False)
    if not complete:
        notes.append(
            "Some layers, columns or curves are left out, so that the file stays small."
            " --run writes fewer runs."
        )
    return answers.texts, notes, shown


def _most_wrong(analyses: Sequence[Analysis]) -> list[Analysis]:
    def rank(analysis: Analysis) -> tuple[int, int]:
        severities = [
            outcome.severity
            for outcomes in analysis.outcomes.values()
            for outcome in outcomes
            if outcome.status == "finding" and not outcome.expected
        ]
        return (-severities.count("error"), -severities.count("warning"))

    return sorted(analyses, key=rank)[:SHOWN_RUNS]


def _left_out(every: int, shown: int) -> list[str]:
    if every == shown:
        return []
    return [f"{every - shown} of {every} runs are left out; --run REGEX chooses the runs."]


def _add_table(answers: Answers, folder: WholeLogFolder, shown: Sequence[Analysis]) -> None:
    """Add the list of runs, the row of each in the table of all, and what is between them."""
    listings, names = folder.list_runs(), [analysis.history.run for analysis in shown]
    losses = LossReader(folder, names)
    rows = [
        row_of(listings[name], analysis, losses)
        for name, analysis in zip(names, shown, strict=True)
    ]
    counts = [row.counts for row in rows]
    listed = [listings[name] for name in names]
    answers.add("runs", runs(zip(listed, counts, strict=True)))
    sides = {
        one.history.run: Compared(history=one.history, found={**one.outcomes}) for one in shown
    }
    pairs = [
        compare_runs(sides[run.run], sides[other.run])
        for run, other in runs_to_compare([side.history for side in sides.values()])
    ]
    answers.add("comparisons", comparisons(pairs, left=0))
    for name, row in zip(names, rows, strict=True):
        answers.add("overview", json.loads(overview([row], left=0)), run=name)


def _add_reports(answers: Answers, analysis: Analysis) -> bool:
    complete = True
    for model in analysis.history.models:
        answer = report(analysis.history, model, analysis.outcomes[model.facts.name])
        complete &= answers.add("report", answer, **_of(model))
    return complete


def _add_scalars(answers: Answers, folder: WholeLogFolder, analysis: Analysis) -> bool:
    series = folder.read_scalars(runs_of_program(analysis.history.run))
    complete = True
    for model in analysis.history.models:
        answer = scalars([_thin(one) for one in place(model, series)])
        complete &= answers.add("scalars", answer, **_of(model))
    return complete


def _thin(series: PlacedSeries) -> PlacedSeries:
    """Every n-th point, the last one included."""
    points = len(series.steps)
    every = -(-points // POINTS) if points else 1
    kept = slice((points - 1) % every if points else 0, None, every)
    return replace(series, steps=series.steps[kept], values=series.values[kept])


def _add_columns(answers: Answers, analysis: Analysis) -> bool:
    complete = True
    for model in analysis.history.models:
        for entry in heatmap_columns(model)[1:]:  # the first is in the report
            answer = column(model, entry)
            complete &= answers.add("column", answer, **_of(model), name=entry.name)
    return complete


def _add_layers(
    answers: Answers, folder: WholeLogFolder, analysis: Analysis, *, found: bool
) -> bool:
    """Add the layers that findings name, with their channels; or the others, without."""
    complete = True
    for model in analysis.history.models:
        named = {
            path
            for outcome in analysis.outcomes[model.facts.name]
            if outcome.status == "finding"
            for path in outcome.layers
        }
        listing = folder.list_channels(analysis.history.run, model.facts.name)
        records = folder.read_channels(listing) if found else ()
        for index, layer in enumerate(model.facts.layers):
            if (layer.path in named) != found:
                continue
            channels = build_channels(model.facts, records, index) if records else None
            answer = layer_payload(model, index, channels)
            if not answers.add("layer", answer, **_of(model), layer=index):
                complete = False
                break  # the layers after it are as large
    return complete


def _pairs(shown: Sequence[Analysis]) -> Iterator[tuple[Analysis, Analysis]]:
    if len(shown) <= PAIRED_RUNS:
        yield from ((here, there) for here in shown for there in shown if here is not there)
        return
    analyses = {analysis.history.run: analysis for analysis in shown}
    for run, other in runs_to_compare([analysis.history for analysis in shown]):
        yield analyses[run.run], analyses[other.run]
        yield analyses[other.run], analyses[run.run]


def _add_comparisons(answers: Answers, here: Analysis, there: Analysis) -> bool:
    complete = True
    for model in here.history.models:
        pair = models_to_compare(here.history, there.history, model.facts.name)
        sides = (
            Side(model=history, outcomes=analysis.outcomes[history.facts.name])
            for analysis, history in zip((here, there), pair, strict=True)
        )
        answer = comparison(*sides)
        complete &= answers.add("comparison", answer, **_of(model), other=there.history.run)
    return complete


def _of(model: ModelHistory) -> dict[str, str]:
    return {"run": model.run, "model": model.facts.name}

"""The outcomes of a log folder, for `tb_bnplugin.check` and the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tb_bnplugin.diagnose import Outcome, compare, describe_step, diagnose
from tb_bnplugin.diagnose.views.answers import Findings, Outcomes
from tb_bnplugin.diagnose.views.html import findings_html, outcomes_html, text_html, titled_html
from tb_bnplugin.diagnose.views.words import cut, plural, printable, short, steps
from tb_bnplugin.errors import LogFolderError
from tb_bnplugin.history.model import ModelHistory, RunHistory
from tb_bnplugin.logs.folder import LogFolder
from tb_bnplugin.logs.program import models_to_compare, runs_to_compare
from tb_bnplugin.logs.provider import shorten
from tb_bnplugin.logs.run import read_run
from tb_bnplugin.printed import run_name

SCHEMA_VERSION: Final = 1

SHOWN_RUNS: Final = 100
"""Runs that a report prints, and a notebook shows."""


@dataclass(frozen=True, kw_only=True, repr=False)
class RunReport:
    """The outcomes of one run, and what was read of it."""

    run: str
    keras: str | None  # "keras 3.15.1"; None where no model can be read
    models: tuple[tuple[str, int], ...]  # watched: name, number of batch normalization layers
    steps: tuple[int, int] | None  # first and last record; None without any
    outcomes: tuple[Outcome, ...]  # model by model, in the order of the rules
    notes: tuple[str, ...]  # what was skipped, one line each
    # By model, what one step of the optimizer is: "learning rate 0.01 x 10 (outputs) x mean loss".
    step: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        lines = [_title(self), *_notes(self.notes), repr(Outcomes(self.outcomes))]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return titled_html(_title(self), outcomes_html(self.outcomes), self.notes)

    def to_json(self) -> dict[str, Any]:
        """The run as plain JSON values."""
        return {
            "run": self.run,
            "keras": self.keras,
            "models": [{"name": name, "layers": layers} for name, layers in self.models],
            "steps": None if self.steps is None else list(self.steps),
            "step": dict(self.step),
            "notes": list(self.notes),
            "outcomes": [outcome.to_json() for outcome in self.outcomes],
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class Report:
    """The result of `check`: the outcomes of each run of a log folder. Iterating gives the runs.

    Example:
        for finding in tb_bnplugin.check("logs").findings:
            print(finding.code, finding.message, finding.fix)
    """

    runs: tuple[RunReport, ...]  # sorted by name
    comparisons: tuple[Outcome, ...]  # each run against the first beside it
    notes: tuple[str, ...] = ()  # what was skipped elsewhere in the folder, one line each

    def __repr__(self) -> str:
        runs = [f"{_title(run)}\n{Findings(run.outcomes)}" for run in self.runs[:SHOWN_RUNS]]
        more = len(self.runs) - SHOWN_RUNS
        runs += [f"and {plural(more, 'more run')}"] if more > 0 else []
        compared = Findings(self.comparisons)
        runs += [f"runs compared\n{compared}"] if compared else []
        return "\n\n".join([*runs, *_notes(self.notes)])

    def _repr_html_(self) -> str:
        runs = [
            titled_html(_title(run), findings_html(Findings(run.outcomes), run.outcomes), run.notes)
            for run in self.runs[:SHOWN_RUNS]
        ]
        more = len(self.runs) - SHOWN_RUNS
        runs += [text_html(f"and {plural(more, 'more run')}")] if more > 0 else []
        if found := Findings(self.comparisons):
            runs.append(titled_html("runs compared", findings_html(found, self.comparisons)))
        return "".join(runs)

    def __iter__(self) -> Iterator[RunReport]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def outcomes(self) -> Outcomes:
        """Every outcome, those of runs first and of comparisons last."""
        of_runs = (outcome for run in self.runs for outcome in run.outcomes)
        return Outcomes((*of_runs, *self.comparisons))

    @property
    def findings(self) -> Findings:
        """Findings that are not declared as expected."""
        return Findings(self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values, as `tb-bnplugin check --format json` prints it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "runs": [run.to_json() for run in self.runs],
            "comparisons": [outcome.to_json() for outcome in self.comparisons],
            "notes": list(self.notes),
        }


def check(logdir: str | os.PathLike[str], run: str | None = None) -> Report:
    """Read a log folder and run all rules, as the command line does.

    Args:
        logdir: the folder given to `tensorboard --logdir`; trainings may still write to it.
        run: a regular expression; only runs whose name contains a match are checked.

    Returns:
        The runs with their outcomes, sorted by name, and the comparisons between them: each
        run is compared with the first one of the same parent folder (`a/train` and `b/train`
        are programs `a` and `b` of one folder).

    Raises:
        LogFolderError: the folder cannot be read, or holds no run with records that matches.
        ValueError: `run` is not a regular expression.

    Example:
        >>> assert not tb_bnplugin.check("logs").findings
    """
    return create_report(*read_runs(logdir, run))


def create_report(histories: Sequence[RunHistory], unread: tuple[str, ...] = ()) -> Report:
    """The report of runs that are read. `unread`: notes of what cannot be read."""
    runs = tuple(_report(history) for history in histories)
    return Report(
        runs=runs,
        comparisons=_compare(histories, {run.run: run.outcomes for run in runs}),
        notes=unread,
    )


def read_runs(
    logdir: str | os.PathLike[str], run: str | None = None
) -> tuple[list[RunHistory], tuple[str, ...]]:
    """The histories of a log folder's runs, sorted by name, and notes of what cannot be read.

    Args, Raises: as for `check`.
    """
    _pattern(run)  # before anything is read
    return read_folder(LogFolder(logdir), run)


def read_folder(
    folder: LogFolder, run: str | None = None
) -> tuple[list[RunHistory], tuple[str, ...]]:
    """As `read_runs`, of a folder that is open."""
    matches = _pattern(run)
    listings = folder.list_runs()
    if not listings:
        raise LogFolderError(_no_record(folder))
    matching = [listing for name, listing in listings.items() if matches.search(name)]
    if not matching:
        names = ", ".join(shorten(name, 40) for name in list(listings)[:10])
        more = f" and {len(listings) - 10} more" if len(listings) > 10 else ""
        raise LogFolderError(f"no run's name matches {run!r}; the runs are {names}{more}")
    histories = [read_run(folder, listing) for listing in matching]
    if not any(history.models for history in histories):
        notes = [note for history in histories for note in history.notes]
        raise LogFolderError(f"no record in {folder.path} can be read: {'; '.join(notes[:3])}")
    return histories, folder.unread


def _pattern(run: str | None) -> re.Pattern[str]:
    try:
        return re.compile(run or "")
    except re.error as error:
        raise ValueError(f"the run {run!r} is not a regular expression: {error}") from error


def _no_record(folder: LogFolder) -> str:
    where = folder.path
    if not folder.event_files:
        return f"no event file in {where}: give the folder that you give to `tensorboard --logdir`"
    counted = "1 event file" if folder.event_files == 1 else f"{folder.event_files} event files"
    unread = f" ({'; '.join(folder.unread[:3])})" if folder.unread else ""
    return (
        f"no batch norm record in {where} ({counted}){unread}: record the training with"
        " tb_bnplugin.BatchNormCallback or tb_bnplugin.summary.batch_norm"
    )


def _report(history: RunHistory) -> RunReport:
    steps = [step for model in history.models for step in model.steps[[0, -1][: len(model.steps)]]]
    return RunReport(
        run=history.run,
        keras=history.models[0].facts.keras if history.models else None,
        models=tuple(
            (model.facts.name, len(model.facts.layers))
            for model in history.models
            if not model.facts.is_placeholder
        ),
        steps=(int(min(steps)), int(max(steps))) if steps else None,
        step=tuple(
            (model.facts.name, text)
            for model in history.models
            if (text := _step(model)) is not None
        ),
        outcomes=tuple(outcome for model in history.models for outcome in diagnose(model)),
        notes=(*history.notes, *(note for model in history.models for note in model.notes)),
    )


def _notes(notes: Sequence[str]) -> list[str]:
    return [f"note: {cut(printable(note))}" for note in notes]


def _title(run: RunReport) -> str:
    """The run and what was read of it, in a line."""
    models = [f"{short(name)}: {plural(count, 'BN layer')}" for name, count in run.models[:8]]
    recorded = [steps(*run.steps)] if run.steps else []
    facts = ", ".join([*([printable(run.keras)] if run.keras else []), *models, *recorded])
    return f"run {cut(printable(run_name(run.run)))} ({facts})"


def _step(model: ModelHistory) -> str | None:
    try:
        return describe_step(model)
    except Exception:  # noqa: BLE001  # of a damaged log; the rules say what is wrong with it
        return None


def _compare(
    histories: Sequence[RunHistory], outcomes: Mapping[str, Sequence[Outcome]]
) -> tuple[Outcome, ...]:
    """The comparisons of runs. `outcomes`: of each run, all that the rules say of its models."""

    def found(model: ModelHistory) -> list[Outcome]:
        return [one for one in outcomes[model.run] if one.model == model.facts.name]

    return tuple(
        outcome
        for run, other in runs_to_compare(histories)
        for mine, yours in [models_to_compare(run, other)]
        for outcome in compare(mine, yours, found=(found(mine), found(yours)))
    )

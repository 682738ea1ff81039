"""Standard scalars, whoever wrote them, on the axis of train steps."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tb_bnplugin.dashboard.kinds import Kind, kind_of
from tb_bnplugin.history.model import Floats, ModelHistory
from tb_bnplugin.logs.provider import ScalarSeries

Placed = Literal["step", "epoch", "wall_time"]

_VALIDATION: Final = re.compile(
    r"(?:^|[^a-z])(?:val|valid|validation|eval|evaluation|test)(?:[^a-z]|$)", re.IGNORECASE
)

SPREAD: Final = 2.0
"""Steps that are off by more than this factor from where their wall time puts them count
something else (epochs, samples), or began again. Records and scalars of one step are written
within moments, so that honest ones are off by a few steps."""

SLACK_STEPS: Final = 50.0
"""Early in training, and around long evaluations, wall times place scalars less well."""


@dataclass(frozen=True, kw_only=True)
class PlacedSeries:
    """One scalar on the step axis, ascending."""

    run: str
    tag: str
    kind: Kind
    validation: bool
    placed: Placed
    steps: Floats  # [points] train steps, between two where placed by wall time
    values: Floats  # [points]


def place(history: ModelHistory, series: Iterable[ScalarSeries]) -> list[PlacedSeries]:
    """All series on the train steps of the history, sorted by run and tag."""
    placed = (_place(history, entry) for entry in series if len(entry.steps))
    return sorted(placed, key=lambda entry: (entry.run, entry.tag))


def _place(history: ModelHistory, series: ScalarSeries) -> PlacedSeries:
    placed, steps = _axis_steps(history, series)
    order = np.argsort(steps, kind="stable")
    return PlacedSeries(
        run=series.run,
        tag=series.tag,
        kind=kind_of(series.tag),
        validation=_is_validation(series),
        placed=placed,
        steps=steps[order],
        values=series.values[order],
    )


def _axis_steps(history: ModelHistory, series: ScalarSeries) -> tuple[Placed, Floats]:
    own = series.steps.astype(np.float64)
    by_wall_time = _steps_by_wall_time(history, series)
    if series.tag.startswith("epoch_"):
        by_epoch = _steps_by_epoch(history, series)
        if by_epoch is not None:
            return "epoch", by_epoch
        return ("step", own) if by_wall_time is None else ("wall_time", by_wall_time)
    if by_wall_time is not None and _counts_something_else(own, by_wall_time):
        return "wall_time", by_wall_time
    return "step", own


def _steps_by_wall_time(history: ModelHistory, series: ScalarSeries) -> Floats | None:
    """Where the records place the wall times; None for scalars of another time."""
    wall_times = np.maximum.accumulate(history.wall_times)
    if not len(wall_times):
        return None
    # Scalars of the last epoch are written after the last record, those of a step before it.
    slack = max(60.0, 0.1 * float(wall_times[-1] - wall_times[0]))
    if (
        series.wall_times[0] > wall_times[-1] + slack
        or series.wall_times[-1] < wall_times[0] - slack
    ):
        return None
    return np.interp(series.wall_times, wall_times, history.steps.astype(np.float64))


def _steps_by_epoch(history: ModelHistory, series: ScalarSeries) -> Floats | None:
    """The steps at which the epochs ended; None where an epoch is unknown or began again."""
    epochs = dict(history.epochs)
    if len(epochs) < len(history.epochs) or len(np.unique(series.steps)) < len(series.steps):
        return None
    steps = [epochs.get(epoch) for epoch in series.steps.tolist()]
    if any(step is None for step in steps):
        return None
    return np.asarray(steps, np.float64)


def _counts_something_else(own: Floats, by_wall_time: Floats) -> bool:
    if (np.diff(own) < 0).any():
        return True
    off = np.maximum(own, by_wall_time) - SPREAD * np.minimum(own, by_wall_time)
    return bool((off > SLACK_STEPS).any())


def _is_validation(series: ScalarSeries) -> bool:
    return bool(
        _VALIDATION.search(series.tag) or _VALIDATION.search(posixpath.basename(series.run))
    )

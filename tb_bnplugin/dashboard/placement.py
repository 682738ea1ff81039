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
    given_from: int | None = None
    """The first step of the phase in which it begins, where that phase counts anew: what an earlier
    phase wrote under the same steps is not given."""


@dataclass(frozen=True, kw_only=True)
class _Axis:
    placed: Placed
    steps: Floats
    given_from: int | None = None


def place(history: ModelHistory, series: Iterable[ScalarSeries]) -> list[PlacedSeries]:
    """All series on the train steps of the history, sorted by run and tag."""
    placed = (_place(history, entry) for entry in series if len(entry.steps))
    return sorted(placed, key=lambda entry: (entry.run, entry.tag))


def _place(history: ModelHistory, series: ScalarSeries) -> PlacedSeries:
    axis = _axis(history, series)
    order = np.argsort(axis.steps, kind="stable")
    return PlacedSeries(
        run=series.run,
        tag=series.tag,
        kind=kind_of(series.tag),
        validation=is_validation(series.run, series.tag),
        placed=axis.placed,
        steps=axis.steps[order],
        values=series.values[order],
        given_from=axis.given_from,
    )


def _axis(history: ModelHistory, series: ScalarSeries) -> _Axis:
    own = series.steps.astype(np.float64)
    by_wall_time = _steps_by_wall_time(history, series)
    if series.tag.startswith("epoch_"):
        by_epoch = _steps_by_epoch(history, series, by_wall_time)
        if by_epoch is not None:
            return by_epoch
        return _Axis(placed="step", steps=own) if by_wall_time is None else _late(by_wall_time)
    if by_wall_time is None:
        return _Axis(placed="step", steps=own)
    counted = _counted_on(history, series, by_wall_time)
    return _late(by_wall_time) if _counts_something_else(counted.steps, by_wall_time) else counted


def _late(by_wall_time: Floats) -> _Axis:
    return _Axis(placed="wall_time", steps=by_wall_time)


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


def _steps_by_epoch(
    history: ModelHistory, series: ScalarSeries, by_wall_time: Floats | None
) -> _Axis | None:
    """The steps at which the epochs ended; None where that is not known of one.

    Each `fit` counts its epochs from 0: of several with one number the one is meant that ended
    when the scalar was written.
    """
    ends: dict[int, list[int]] = {}
    for epoch, step in history.epochs:
        ends.setdefault(epoch, []).append(step)
    found: list[float] = []
    for index, epoch in enumerate(series.steps.tolist()):
        known = np.asarray(ends.get(epoch, []), np.float64)
        if not len(known) or (len(known) > 1 and by_wall_time is None):
            return None
        written = known[0] if by_wall_time is None else by_wall_time[index]
        found.append(float(known[np.argmin(np.abs(known - written))]))
    steps = np.asarray(found)
    if (np.diff(steps) <= 0).any():
        return None
    anew = steps[0] > ends[int(series.steps[0])][0]
    begins = [phase.step for phase in history.phases if phase.step <= steps[0]]
    return _Axis(placed="epoch", steps=steps, given_from=begins[-1] if anew and begins else None)


def _counted_on(history: ModelHistory, series: ScalarSeries, by_wall_time: Floats) -> _Axis:
    """Own steps; those that a phase counts from the beginning again, counted on from its first.

    A scalar belongs to the phase in which it was written. One that counts all steps has none
    there from before that phase.
    """
    begins = np.array([phase.step for phase in history.phases], np.float64)
    own = series.steps.astype(np.float64)
    if len(begins) < 2:
        return _Axis(placed="step", steps=own)
    times = np.maximum.accumulate([phase.wall_time for phase in history.phases])
    phase_of = np.maximum(np.searchsorted(times, series.wall_times, side="right") - 1, 0)
    steps = own.copy()
    given_from = None
    for phase in np.unique(phase_of):
        inside = phase_of == phase
        off = by_wall_time[inside] - own[inside]
        if own[inside].min() >= begins[phase] and abs(np.median(off)) <= SLACK_STEPS:
            continue
        bases = np.unique(np.r_[0.0, begins[: phase + 1] - 1])
        base = bases[np.argmin([abs(np.median(off - base)) for base in bases])]
        steps[inside] += base
        if phase == phase_of[0] and base > 0:
            given_from = int(base) + 1
    return _Axis(placed="step", steps=steps, given_from=given_from)


def _counts_something_else(own: Floats, by_wall_time: Floats) -> bool:
    if (np.diff(own) < 0).any():
        return True
    off = np.maximum(own, by_wall_time) - SPREAD * np.minimum(own, by_wall_time)
    return bool((off > SLACK_STEPS).any())


def is_validation(run: str, tag: str) -> bool:
    """A scalar of data that the model is not trained with, by its names."""
    return bool(_VALIDATION.search(tag) or _VALIDATION.search(posixpath.basename(run)))

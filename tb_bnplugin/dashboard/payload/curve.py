"""The loss of a run as a small curve, a mean over rows: whichever of its scalars says most of it.

Where the program logs none, it is Keras' mean of a loss that was measured. What a step
differentiates may be scaled, and would stand beside the means of other runs as if it were one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from tb_bnplugin.dashboard.kinds import kind_of
from tb_bnplugin.dashboard.payload.cells import Axis, means
from tb_bnplugin.dashboard.payload.values import Json, draw
from tb_bnplugin.dashboard.placement import is_validation, place
from tb_bnplugin.history.model import Floats, ModelHistory, RunHistory
from tb_bnplugin.logs.program import runs_of_program
from tb_bnplugin.logs.provider import ScalarSeries, shorten

RUNS_AT_ONCE: Final = 10


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One loss on the axis of train steps, ascending."""

    name: str
    steps: Floats  # [points]
    values: Floats  # [points]


class Scalars(Protocol):
    """Who knows the standard scalars of a log: a `Reader`, or a `WholeLogFolder`."""

    def list_scalars(self, runs: Iterable[str]) -> dict[str, list[str]]:
        """The tags of each run."""

    def read_some_scalars(
        self, wanted: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], ScalarSeries]:
        """Some of them, by run and tag."""


class LossReader:
    """The loss that the scalars of each run say most of, read for some runs at a time.

    TensorBoard's fast loader takes 40 ms for any request of scalars, however small.

    Args:
        reader: the log.
        runs: those that will be asked for, in this order, or only some of them.
    """

    def __init__(self, reader: Scalars, runs: Sequence[str]) -> None:
        self._reader = reader
        self._runs = tuple(runs)
        self._read: dict[str, ScalarSeries | None] = {}

    def of(self, run: str) -> ScalarSeries | None:
        """The loss of a run; None where it has none."""
        if run not in self._read:
            at = self._runs.index(run) if run in self._runs else 0
            ahead = (run, *self._runs[at + 1 : at + RUNS_AT_ONCE])
            programs = {name: runs_of_program(name) for name in ahead}
            tags = self._reader.list_scalars({one for names in programs.values() for one in names})
            chosen = {
                name: choose(name, {one: tags[one] for one in names if one in tags})
                for name, names in programs.items()
            }
            read = self._reader.read_some_scalars(pair for pair in chosen.values() if pair)
            self._read.update({name: pair and read.get(pair) for name, pair in chosen.items()})
        return self._read[run]


def create_curve(scalar: ScalarSeries | None, history: RunHistory) -> Curve | None:
    """A standard scalar of the program, else what was measured of a loss; None: there is none."""
    if not history.models:
        return None
    placed = place(history.models[0], () if scalar is None else (scalar,))
    if placed:
        (series,) = placed
        return Curve(name=series.tag, steps=series.steps, values=series.values)
    return next((curve for model in history.models for curve in _measured(model)), None)


def choose(run: str, tags: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """Run and tag of the loss to show: of the training, of this run, with the most points."""
    losses = (
        (is_validation(owner, tag), owner != run, tag.startswith("epoch_"), len(tag), owner, tag)
        for owner, names in tags.items()
        for tag in names
        if kind_of(tag) == "loss"
    )
    best = min(losses, default=None)
    return None if best is None else (best[4], best[5])


def curve_row(curve: Curve | None, axis: Axis) -> Json | None:
    """The curve in the cells of the table; None where it has no value that is finite."""
    if curve is None:
        return None
    finite = np.isfinite(curve.values)
    if not finite.any():
        return None
    lost = curve.steps[~finite]
    return {
        "name": shorten(curve.name),
        "values": draw(means(axis, curve.steps, curve.values)),
        "ends": draw(curve.values[finite][[0, -1]]),
        "not_finite_at": float(lost[0]) if len(lost) else None,
    }


def measured_row(history: ModelHistory) -> Json | None:
    """All points of the loss that was measured, for the page of the run; None where there is none.

    The page shows it where no scalar of the run is a loss.
    """
    curve = next(_measured(history), None)
    if curve is None or not np.isfinite(curve.values).any():
        return None
    return {
        "name": shorten(curve.name),
        "steps": curve.steps.tolist(),
        "values": draw(curve.values),
    }


def _measured(history: ModelHistory) -> Iterator[Curve]:
    for loss in history.losses:
        mean = loss.columns["keras_mean"]
        if np.isfinite(mean).any():  # else it is none of Keras' losses
            held = loss.facts is not None and loss.facts.taken_from == "probe_data"
            yield Curve(
                name=f"mean of {loss.name} on {'the held batch' if held else 'one batch'}",
                steps=loss.steps.astype(np.float64),
                values=mean,
            )
    if history.probe is not None and "loss" in history.probe.moving:
        yield Curve(
            name="loss of the held batch",
            steps=history.probe.steps.astype(np.float64),
            values=history.probe.moving["loss"],
        )

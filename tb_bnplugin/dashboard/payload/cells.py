"""Pictures of a few cells: the steps of a run in equal parts, for the table of all runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.dashboard.payload.modes import INFERENCE, MIXED, TRAINING, modes
from tb_bnplugin.history.model import Floats, ModelHistory

CELLS: Final = 40
"""As many as can be told apart in a picture of the height of a line."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The steps of a run, cut into equal parts."""

    first: float
    last: float

    @property
    def cells(self) -> int:
        """Number of parts; one where there is one step only."""
        return CELLS if self.last > self.first else 1

    def of(self, steps: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """The part in which each step lies."""
        if self.cells == 1:
            return np.zeros(len(steps), np.int64)
        share = (steps - self.first) / (self.last - self.first)
        return np.clip((share * self.cells).astype(np.int64), 0, self.cells - 1)


def axis_of(*series: Sequence[float] | npt.NDArray[np.generic]) -> Axis | None:
    """The axis that holds all these steps; None where there is no step."""
    ends = [float(end) for steps in series if len(steps) for end in (min(steps), max(steps))]
    return Axis(first=min(ends), last=max(ends)) if ends else None


def means(axis: Axis, steps: Floats, values: Floats) -> Floats:
    """The mean of the finite values in each part; NaN where there is none."""
    finite = np.isfinite(values)
    at, kept = axis.of(steps[finite]), values[finite]
    counts = np.bincount(at, minlength=axis.cells)
    with np.errstate(invalid="ignore", over="ignore"):
        shares = np.bincount(at, weights=kept / np.maximum(counts, 1)[at], minlength=axis.cells)
    return np.where(counts > 0, shares.astype(np.float64), np.nan)


def training_share(axis: Axis, models: Sequence[ModelHistory]) -> Floats:
    """The share of the layers in training mode, in each part, of those that ran for training.

    A part without such a record has the share of the one before it; NaN: no layer ran by then.
    """
    training, all_modes = np.zeros(axis.cells), np.zeros(axis.cells)
    for history in models:
        ran = modes(history)
        at = axis.of(history.steps.astype(np.float64))
        own = (ran == TRAINING).sum(axis=1)
        others = np.isin(ran, (INFERENCE, MIXED)).sum(axis=1)
        training += np.bincount(at, weights=own, minlength=axis.cells)
        all_modes += np.bincount(at, weights=own + others, minlength=axis.cells)
    known = all_modes > 0
    shares = np.where(known, training / np.maximum(all_modes, 1), np.nan)
    newest = np.maximum.accumulate(np.where(known, np.arange(axis.cells), 0))
    filled: Floats = shares[newest]
    ends = [float(history.steps[-1]) for history in models if len(history.steps)]
    if ends:
        filled[axis.of(np.array([max(ends)]))[0] + 1 :] = np.nan  # no record says it any more
    return filled

"""The gradient of an own `train_step` row by row, where no one factor explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.gradients import SAME_DIRECTION, WITHIN, usable
from tb_bnplugin.diagnose.evidence.layers import newest
from tb_bnplugin.history.model import Floats, GradientHistory, ModelHistory
from tb_bnplugin.printed import num

FARTHER: Final = 4.0
"""Times that a gradient must be farther from one direction than from the other, by 1 - cosine, to
be of the second: in bfloat16 both are up to 1e-4 from the right one."""

ANOTHER: Final = 0.999
"""Cosine below which a gradient is not that of the rows, whatever is rounded."""


@dataclass(frozen=True, kw_only=True)
class Growth:
    """`of_a_row` times the rows of the batch times Keras' mean is differentiated."""

    of_a_row: float  # in one replica
    rows: float  # of most batches
    replicas: int
    cosine: float  # smallest of all records
    steps: tuple[int, int]  # first and last record

    @property
    def factor(self) -> float:
        """The factor of the step, of a batch of the usual size."""
        return self.of_a_row * self.rows * self.replicas


@dataclass(frozen=True, kw_only=True)
class Places:
    """The places of rows to which a gradient comes back, where the others are padding."""

    shares: Floats  # [records] of the places that count
    factor: float | None  # on these, the same in all records; None: it is not
    of_masked: float | None  # the same, against the mean over the places that count
    steps: tuple[int, int]


def growth(history: ModelHistory) -> Growth | None:
    """The gradient as that of a sum over rows; None where batches of two sizes do not show it."""
    for gradient in _measured(history):
        cosine, by_rows = _columns(gradient, ("cosine", "rows_cosine"))
        factor = _agreed(gradient, "rows_factor", "rows_cosine")
        if factor is None or not _tells_apart(better=by_rows, worse=cosine):
            continue
        return Growth(
            of_a_row=factor,
            rows=frequent_rows(history),
            replicas=max(history.facts.replicas, 1),
            cosine=float(by_rows.min()),
            steps=_steps(gradient),
        )
    return None


def frequent_rows(history: ModelHistory) -> float:
    """Rows of most batches; where no layer has counted them, of a record of one size; or NaN."""
    known = float(newest(history.model("batch_frequent")))
    if np.isfinite(known):
        return known
    for gradient in _measured(history):
        cosine, by_rows = _columns(gradient, ("cosine", "rows_cosine"))
        whole, of_a_row = _columns(gradient, ("factor", "rows_factor"))
        of_one = (np.minimum(cosine, by_rows) >= SAME_DIRECTION) & (of_a_row != 0.0)
        exact = whole[of_one] / of_a_row[of_one]
        rows = np.rint(exact)
        if len(rows) and (np.abs(exact - rows) <= WITHIN * rows).all():
            return float(rows[-1])
    return float("nan")


def does_not_grow(history: ModelHistory) -> bool:
    """True where batches of two sizes show that one factor explains the gradients of both."""
    for gradient in _measured(history):
        cosine, by_rows = _columns(gradient, ("cosine", "rows_cosine"))
        if _agreed(gradient, "factor", "cosine") is not None:
            return _tells_apart(better=cosine, worse=by_rows)
    return False


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Cosines of the gradient with that of the loss of all pairs of rows, and of the rows."""

    with_pairs: float  # smallest of all records
    with_rows: tuple[float, float]  # smallest and largest
    steps: tuple[int, int]


def of_all_pairs(history: ModelHistory) -> Pairs | None:
    """The gradient beside that of all pairs; None where it was not measured."""
    for gradient in _measured(history):
        cosine, pairs = _columns(gradient, ("cosine", "pairs_cosine"))
        known = np.isfinite(pairs)
        if known.any():
            steps = gradient.steps[usable(gradient)][known]
            return Pairs(
                with_pairs=float(pairs[known].min()),
                with_rows=(float(cosine[known].min()), float(cosine[known].max())),
                steps=(int(steps[0]), int(steps[-1])),
            )
    return None


def counted_places(history: ModelHistory) -> Places | None:
    """The places that count; None where they were not measured, or others than padding do not."""
    for gradient in _measured(history):
        (shares,) = _columns(gradient, ("counted_share",))
        if not np.isfinite(shares).all():
            continue
        return Places(
            shares=shares,
            factor=_agreed(gradient, "counted_factor", "counted_cosine"),
            of_masked=_agreed(gradient, "masked_factor", "masked_cosine"),
            steps=_steps(gradient),
        )
    return None


def describe_rows(history: ModelHistory) -> str | None:
    """A sentence on rows that weigh differently; None where rows have gradients of another loss."""
    for gradient in _measured(history):
        cosine, of_rows, reached = _columns(gradient, ("cosine", "row_cosine", "rows_reached"))
        if not (of_rows >= SAME_DIRECTION).all() or not (cosine > 0.0).all():
            return None
        # the mean of the squared weights of rows over the square of their mean, each by its g^2
        spread = float(np.sqrt(np.maximum((of_rows / cosine) ** 2 - 1.0, 0.0)).max())
        none = float(1.0 - reached.min())
        without = f" {num(none)} of the rows have none." if none > 0.0 else ""
        return (
            "Each row of the gradient is a multiple of that of Keras' mean, and rows weigh"
            f" differently, by {num(spread)} of their mean weight: as with weights of the program's"
            f" own, a focal loss, or batches that differ.{without}"
        )
    return None


def one_pass_a_step(history: ModelHistory) -> bool:
    """True where a gradient came back once a step, in one record at least."""
    return bool(_measured(history))


def _measured(history: ModelHistory) -> list[GradientHistory]:
    return [each for each in history.gradients if usable(each).any()]


def _steps(gradient: GradientHistory) -> tuple[int, int]:
    steps = gradient.steps[usable(gradient)]
    return int(steps[0]), int(steps[-1])


def _columns(gradient: GradientHistory, names: Sequence[str]) -> list[Floats]:
    """Columns [records] of the usable records; NaN where one was not recorded."""
    unknown, chosen = np.full(len(gradient.steps), np.nan), usable(gradient)
    return [gradient.columns.get(name, unknown)[chosen] for name in names]


def _agreed(gradient: GradientHistory, factor: str, cosine: str) -> float | None:
    """The factor where it explains the gradients of all records; None: it does not."""
    factors, cosines = _columns(gradient, (factor, cosine))
    middle = float(np.median(factors))
    same = np.abs(factors - middle) <= WITHIN * abs(middle)
    return middle if bool((same & (cosines >= SAME_DIRECTION)).all()) else None


def _tells_apart(*, better: Floats, worse: Floats) -> bool:
    """True where one record at least, of batches of several sizes, is of one direction alone."""
    apart = (worse < SAME_DIRECTION) & (1.0 - worse > FARTHER * np.abs(1.0 - better))
    return bool(apart.any())

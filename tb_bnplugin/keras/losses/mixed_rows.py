"""A test for losses in which a part of each row meets the rest of every row.

A loss of rows is the mean, or the sum, of that of each row alone, and most are. Where it is not,
the rows may be compared on purpose, as in a contrastive loss. Where two parts of a row broadcast,
it is the mean of the losses of single rows that have one part of one row and the rest of another:
of all pairs of rows. A row alone says little in a contrastive loss, so that no such mean fits it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.schema.columns import PAIRED_ROWS, PAIRS_OF
from tb_bnplugin.schema.thresholds import ALL_PAIRS_APART, ALL_PAIRS_WITHIN

Values = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Total = Callable[[Values, Values, Values | None], float]
"""The loss on labels, predictions and weights, summed; NaN where it cannot be told."""

SCREENED_ROWS: Final = 3  # on which a part is looked at first: 9 pairs, and not 64

MOST_COLUMNS: Final = 6  # of labels, and of predictions, that are looked at one by one


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A part of each row, which may meet the rest of every row."""

    of: str  # one of PAIRS_OF
    column: float  # of labels or predictions; NaN: all of them
    pair: Callable[[int, int], tuple[Values, Values, Values | None]]
    """A batch of one row: this part of the first row given, the rest of the second."""


def measure_mixed_rows(
    labels: Values, predictions: Values, weights: Values | None, total: Total
) -> dict[str, float]:
    """The columns "paired", "pairs_ratio", "pairs_root_ratio", "pairs_of" and "pairs_column".

    Nothing where the loss is of its rows, or of all pairs in none of the ways that are looked at.

    Args:
        labels: [rows, ...].
        predictions: [rows, ...].
        weights: [rows, ...], or none.
        total: the loss.
    """
    rows = len(predictions) if predictions.ndim else 0
    if not labels.ndim or len(labels) != rows or rows < SCREENED_ROWS:
        return {}
    if weights is not None and (not weights.ndim or len(weights) != rows):
        weights = None
    matrix = labels.ndim == 2 and labels.shape == (rows, rows) and predictions.ndim == 1
    if not matrix and _is_of_rows(labels, predictions, weights, total):
        return {}
    parts = [_targets(labels, predictions)] if matrix else _parts(labels, predictions, weights)
    sizes = (SCREENED_ROWS, min(rows, PAIRED_ROWS))
    for part in parts:
        for size in sizes:
            some = labels[:size, :size] if matrix else labels[:size]
            given = total(some, predictions[:size], None if weights is None else weights[:size])
            found = _of_pairs(given, part, size, total)
            if not found:
                break
        else:
            if abs(found["paired"] - 1.0) > ALL_PAIRS_APART:
                return found | {"paired": found["paired"] * total(labels, predictions, weights)}
    return {}


def _of_pairs(given: float, part: _Part, rows: int, total: Total) -> dict[str, float]:
    """The columns, with `paired` over the loss of all pairs; nothing where that is not the loss."""
    alone = np.array(
        [[total(*part.pair(i, j)) for j in range(rows)] for i in range(rows)], np.float64
    )
    mean, root = float(alone.mean()), float(np.sqrt((alone**2).mean()))
    if not np.isfinite(given) or not np.isfinite(mean) or not mean or not root:
        return {}
    ratio, of_root = given / mean, given / root
    # a mean, a sum over one axis or both, or the root of a mean or of a sum
    quotients = (ratio, ratio / rows, ratio / rows**2, of_root, of_root / rows)
    if all(abs(quotient - 1.0) > ALL_PAIRS_WITHIN for quotient in quotients):
        return {}
    return {
        "paired": float(np.diag(alone).mean()) / mean,
        "pairs_ratio": ratio,
        "pairs_root_ratio": of_root,
        "pairs_of": float(PAIRS_OF.index(part.of)),
        "pairs_column": part.column,
    }


def _is_of_rows(labels: Values, predictions: Values, weights: Values | None, total: Total) -> bool:
    """True where the loss is the mean or the sum over its rows; and where a row alone has none."""

    def of(some: slice) -> float:
        return total(labels[some], predictions[some], None if weights is None else weights[some])

    rows = min(len(predictions), PAIRED_ROWS)
    each = np.array([of(slice(row, row + 1)) for row in range(rows)], np.float64)
    if not np.isfinite(each).all() or not each.any():
        return True
    for size in (SCREENED_ROWS, rows):  # a mean of eight may be that of their pairs by chance
        whole, alone = of(slice(size)), each[:size]
        within = ALL_PAIRS_WITHIN * float(np.abs(alone).mean())
        if not np.isfinite(whole):
            return True
        if abs(whole - alone.mean()) > within and abs(whole - alone.sum()) > within * size:
            return False
    return True


def _targets(labels: Values, predictions: Values) -> _Part:
    """A matrix of labels for a vector of predictions: each prediction meets a column of them."""
    return _Part(
        of="targets",
        column=float("nan"),
        pair=lambda i, j: (labels[i, j : j + 1], predictions[j : j + 1], None),
    )


def _parts(labels: Values, predictions: Values, weights: Values | None) -> Iterator[_Part]:
    def weight(row: int) -> Values | None:
        return None if weights is None else weights[row : row + 1]

    if weights is not None:
        yield _Part(
            of="weights",
            column=float("nan"),
            pair=lambda i, j: (labels[j : j + 1], predictions[j : j + 1], weight(i)),
        )
    yield _Part(
        of="labels",
        column=float("nan"),
        pair=lambda i, j: (labels[i : i + 1], predictions[j : j + 1], weight(j)),
    )
    for column in _columns(predictions):
        yield _Part(
            of="predictions",
            column=float(column),
            pair=lambda i, j, at=column: (  # type: ignore[misc]
                labels[j : j + 1],
                _with_column(predictions, at, i, j),
                weight(j),
            ),
        )
    for column in _columns(labels):
        yield _Part(
            of="labels",
            column=float(column),
            pair=lambda i, j, at=column: (  # type: ignore[misc]
                _with_column(labels, at, i, j),
                predictions[j : j + 1],
                weight(j),
            ),
        )


def _columns(values: Values) -> range:
    """The columns of a table of a few, one by one; of others none."""
    few = values.ndim == 2 and 1 < values.shape[1] <= MOST_COLUMNS
    return range(values.shape[1] if few else 0)


def _with_column(values: Values, column: int, of: int, row: int) -> Values:
    """One row of a table, with a column of another row."""
    mixed = values[row : row + 1].copy()
    mixed[0, column] = values[of, column]
    return mixed

"""A test for losses that compare every label with every prediction, where the two broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.keras.losses.candidates import Data
from tb_bnplugin.schema.columns import PAIRED_ROWS
from tb_bnplugin.schema.thresholds import ALL_PAIRS_WITHIN

Values = npt.NDArray[Any]

_NAN: Final = float("nan")


def measure_pairs(
    labels: Values, predictions: Values, total: Callable[[Data], float], *, rows_matter: bool = True
) -> dict[str, float]:
    """The columns "paired", "pairs_ratio" and "pairs_root_ratio" of a measurement.

    The mean over all pairs of rows is the mean over every way of rolling the labels past the
    predictions, each row paired with one. Where all of these ways have one loss, any loss that
    takes the rows in some order is their mean, and nothing is shown.

    Args:
        labels: [rows, ...].
        predictions: [rows, ...], as many elements in another shape; otherwise all is NaN.
        total: the loss on some labels and predictions, summed; NaN where it cannot be told.
        rows_matter: the loss changes when the labels are rolled. Where it does not, and the shapes
            are equal, each pair of rows is measured alone: the loss may broadcast within.
    """
    columns = dict.fromkeys(("paired", "pairs_ratio", "pairs_root_ratio"), _NAN)
    if labels.shape == predictions.shape and not rows_matter and len(labels) > 1:
        return columns | _measure_alone(labels, predictions, total)
    if labels.shape == predictions.shape or labels.size != predictions.size or not labels.ndim:
        return columns
    columns["paired"] = total(
        Data(labels=labels.reshape(predictions.shape), predictions=predictions)
    )
    some, of_them = labels[:PAIRED_ROWS], predictions[:PAIRED_ROWS]
    if len(some) != len(of_them) or len(some) < 2:
        return columns
    given = total(Data(labels=some, predictions=of_them))
    rolled = np.array(
        [
            total(
                Data(labels=np.roll(some, by, axis=0).reshape(of_them.shape), predictions=of_them)
            )
            for by in range(len(some))
        ]
    )
    if np.ptp(rolled) <= ALL_PAIRS_WITHIN * np.abs(rolled).mean():
        return columns  # as with a distance, where all labels are larger than all predictions
    return columns | _ratios(given, rolled)


def _measure_alone(
    labels: Values, predictions: Values, total: Callable[[Data], float]
) -> dict[str, float]:
    """The columns by batches of one row, within which nothing can meet another row."""
    #  labels (N, 1), `tf.square(labels - tf.squeeze(predictions, -1))`: N x N values
    #  one row: 1 value, that of the row; all pairs of rows: their mean is that of the N x N
    some, of_them = labels[:PAIRED_ROWS], predictions[:PAIRED_ROWS]
    given = total(Data(labels=some, predictions=of_them))
    rows = range(len(some))
    alone = np.array(
        [[total(Data(labels=some[[i]], predictions=of_them[[j]])) for j in rows] for i in rows]
    )
    own = float(np.diag(alone).mean() / alone.mean()) if alone.mean() else _NAN
    whole = total(Data(labels=labels, predictions=predictions))
    return {"paired": whole * own, **_ratios(given, alone)}


def _ratios(given: float, pairs: npt.NDArray[np.float64]) -> dict[str, float]:
    mean, root = pairs.mean(), np.sqrt((pairs**2).mean())
    return {
        "pairs_ratio": float(given / mean) if mean else _NAN,
        "pairs_root_ratio": float(given / root) if root else _NAN,
    }

"""The share of the values that count in a loss, where it leaves out those of one label: padding.

Measured by the loss itself: on the values of that label alone it is 0 whatever is predicted, and on
the others it is as many times larger as it was divided by all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.keras.losses.candidates import Data

Array = npt.NDArray[Any]

PADDING: Final = (0.0, -1.0, -100.0)
"""Labels that programs give to what is not there."""

FEWEST: Final = 0.02  # share of the values that padding has, to be looked for


def measure_counted(
    labels: Array, predictions: Array, whole: float, evaluate: Callable[[Data], float]
) -> dict[str, float]:
    """The columns `counted_share` and `counted_ratio`; NaN where there is nothing to tell.

    Args:
        labels: one for each value, [rows, ..., 1 or classes].
        predictions: [rows, ...], with an axis of classes or without.
        whole: the loss on these, summed.
        evaluate: the loss on other values, summed; NaN where it fails.
    """
    found = _as_values(labels, predictions)
    if found is None:
        return {}
    values, predicted, of_classes = found
    for padding in PADDING if of_classes else PADDING[1:]:
        left_out = (values.reshape(len(values), -1) == padding).all(axis=1)
        share = 1.0 - float(left_out.mean())
        if not FEWEST < share < 1.0 - FEWEST:
            continue
        # without these labels it is another loss, so that none of them may be known to count
        other = _others(predicted, of_classes=of_classes)
        others = (predicted[left_out], other[left_out])
        alone = [evaluate(_row(values[left_out], each)) for each in others]
        if not all(np.isnan(each) or each == 0.0 for each in alone):
            continue
        counted = evaluate(_row(values[~left_out], predicted[~left_out]))
        with np.errstate(all="ignore"):
            return {"counted_share": share, "counted_ratio": float(np.divide(counted, whole))}
    return {"counted_share": 1.0, "counted_ratio": 1.0}


def _as_values(labels: Array, predictions: Array) -> tuple[Array, Array, bool] | None:
    """Labels and predictions with one axis for all values; and whether they are of classes."""
    if labels.ndim < 2 or labels.size == 0:
        return None
    if predictions.ndim == labels.ndim + 1 and predictions.shape[:-1] == labels.shape:
        return labels.reshape(-1), predictions.reshape(-1, predictions.shape[-1]), True
    if predictions.ndim != labels.ndim or predictions.shape[:-1] != labels.shape[:-1]:
        return None
    if labels.ndim > 2 and labels.shape[-1] in (1, predictions.shape[-1]):
        flat = (-1, labels.shape[-1]), (-1, predictions.shape[-1])
        return labels.reshape(flat[0]), predictions.reshape(flat[1]), predictions.shape[-1] > 1
    if labels.ndim == 2 and labels.shape == predictions.shape:
        return labels.reshape(-1), predictions.reshape(-1), False
    return None


def _others(predictions: Array, *, of_classes: bool) -> Array:
    """Other predictions in the same range: a hinge that is 0 by chance is 0 no more."""
    if of_classes:
        return np.ascontiguousarray(predictions[..., ::-1])
    return np.asarray(predictions.max() + predictions.min() - predictions, predictions.dtype)


def _row(values: Array, predictions: Array) -> Data:
    return Data(labels=values[np.newaxis], predictions=predictions[np.newaxis])

"""Measures of the outputs of one batch: how much rows differ, and how many classes are right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def spread_and_scale(outputs: Sequence[Floats]) -> tuple[float, float]:
    """Means over all output values: standard deviation, and root mean square, over the rows.

    Args:
        outputs: each [rows, ...], of one model.
    """
    values = np.concatenate([output.reshape(len(output), -1) for output in outputs], axis=1)
    spread = values.std(axis=0).mean()
    scale = np.sqrt(np.square(values).mean(axis=0)).mean()
    return float(spread), float(scale)


def distance_of(outputs: Sequence[Floats], right: Sequence[Floats]) -> float:
    """How far outputs are from the right ones: root mean square, by that of the right ones.

    Args:
        outputs: each [rows, ...], of one model.
        right: of the same shapes.
    """
    off = np.concatenate([np.ravel(one - other) for one, other in zip(outputs, right, strict=True)])
    size = np.concatenate([np.ravel(one) for one in right])
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.square(off).mean() / np.square(size).mean()))


def accuracy(labels: npt.NDArray[Any], predictions: Floats) -> float | None:
    """Share of predictions whose class is the label's; None where the labels are no classes.

    Labels are indices [...] or [..., 1] or one-hot [..., classes] for predictions
    [..., classes]; 0 or 1 for a single output, which counts as 1 above 0.5 where all
    predictions are probabilities, and above 0 (a logit) otherwise.
    """
    if predictions.ndim < 2:
        predictions = predictions[:, np.newaxis]
    classes = predictions.shape[-1]
    if classes == 1:
        return _binary(labels, predictions[..., 0])
    right = predictions.argmax(axis=-1)
    if labels.shape == predictions.shape:
        one_hot = np.isin(labels, (0, 1)).all() and (labels.sum(axis=-1) == 1).all()
        return float((labels.argmax(axis=-1) == right).mean()) if one_hot else None
    if labels.shape == (*right.shape, 1):
        labels = labels[..., 0]
    if labels.shape != right.shape or labels.dtype.kind not in "biuf":
        return None
    whole = (labels == np.floor(labels)).all() and labels.min() >= 0 and labels.max() < classes
    return float((labels == right).mean()) if whole else None


def _binary(labels: npt.NDArray[Any], predictions: Floats) -> float | None:
    if labels.size != predictions.size or not np.isin(labels, (0, 1)).all():
        return None
    probabilities = predictions.min() >= 0.0 and predictions.max() <= 1.0
    positive = predictions > (0.5 if probabilities else 0.0)
    return float((labels.reshape(predictions.shape) == positive).mean())

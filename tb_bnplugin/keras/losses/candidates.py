"""Which Keras loss a function computes: the one whose ratio to it is the same on all data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tb_bnplugin.schema.columns import KERAS_LOSSES

Array = npt.NDArray[Any]

RATIO_TOLERANCE: Final = 1e-4
"""Relative; float32 sums of a batch differ by 1e-6, and another loss by more than this."""

HALF_RATIO_TOLERANCE: Final = 5e-3
"""The same for losses computed in float16 or bfloat16."""

SMALLEST: Final = 1e-12
"""A loss as small as this is zero up to rounding, and its ratio says nothing."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """Labels and predictions of one batch; same rows, same shapes for all data compared."""

    labels: Array  # [rows, ...]
    predictions: Array  # [rows, ...]


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """A Keras loss that a function was recognised as."""

    index: int  # into KERAS_LOSSES
    keras_mean: float  # Keras' mean of it on the first data
    outputs: float  # values of one row it averages over


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    function: str  # in `keras.losses`, of either flavour
    from_logits: bool = False
    reduces_classes: bool = False  # over the last axis, which it does not average over
    sparse: bool = False  # labels are class indices


_CANDIDATES: Final[dict[str, _Candidate]] = {
    "MeanSquaredError": _Candidate(function="mean_squared_error"),
    "MeanAbsoluteError": _Candidate(function="mean_absolute_error"),
    "BinaryCrossentropy": _Candidate(function="binary_crossentropy"),
    "BinaryCrossentropy(from_logits=True)": _Candidate(
        function="binary_crossentropy", from_logits=True
    ),
    "CategoricalCrossentropy": _Candidate(
        function="categorical_crossentropy", reduces_classes=True
    ),
    "CategoricalCrossentropy(from_logits=True)": _Candidate(
        function="categorical_crossentropy", reduces_classes=True, from_logits=True
    ),
    "SparseCategoricalCrossentropy": _Candidate(
        function="sparse_categorical_crossentropy", reduces_classes=True, sparse=True
    ),
    "SparseCategoricalCrossentropy(from_logits=True)": _Candidate(
        function="sparse_categorical_crossentropy",
        reduces_classes=True,
        sparse=True,
        from_logits=True,
    ),
    "KLDivergence": _Candidate(function="kl_divergence", reduces_classes=True),
    "Poisson": _Candidate(function="poisson"),
    "Huber": _Candidate(function="huber"),
    "LogCosh": _Candidate(function="log_cosh"),
    "MeanSquaredLogarithmicError": _Candidate(function="mean_squared_logarithmic_error"),
    "Hinge": _Candidate(function="hinge"),
    "SquaredHinge": _Candidate(function="squared_hinge"),
    "CategoricalHinge": _Candidate(function="categorical_hinge", reduces_classes=True),
    "CosineSimilarity": _Candidate(function="cosine_similarity", reduces_classes=True),
}


def comparison_data(labels: Array, predictions: Array) -> list[Data]:
    """The batch as given, then with other pairs of labels and predictions of the same rows."""
    rows = len(predictions)
    given = Data(labels=labels, predictions=predictions)
    if rows < 2:
        scaled = (predictions * 0.75).astype(predictions.dtype)
        return [given, Data(labels=labels, predictions=scaled)]
    blended = ((predictions + np.roll(predictions, 1, axis=0)) * 0.5).astype(predictions.dtype)
    return [
        given,
        Data(labels=np.roll(labels, 1, axis=0), predictions=predictions),
        Data(labels=np.roll(labels, 2, axis=0), predictions=predictions),
        Data(labels=labels, predictions=blended),
    ]


def recognise(
    losses: Any, data: Sequence[Data], measure: Callable[[Data], float]
) -> Recognised | None:
    """The Keras loss whose mean is proportional to what `measure` gives on all the data.

    Args:
        losses: the module `keras.losses` of a flavour.
        data: from `comparison_data`.
        measure: the loss in question on one of the data, NaN where it fails.

    Returns:
        None where no loss fits, or several do that differ on this batch.
    """
    dtype = data[0].predictions.dtype
    tolerance = RATIO_TOLERANCE if dtype in (np.float32, np.float64) else HALF_RATIO_TOLERANCE
    measured = [measure(item) for item in data]
    if not np.isfinite(measured[0]):
        return None
    means: dict[int, float] = {}
    for index in range(len(KERAS_LOSSES)):
        values = _proportional_means(losses, index, data, measured, tolerance)
        if values is not None:
            means[index] = values
    fitting = list(means)
    if len(fitting) > 1:
        # Huber is half the squared error as long as all errors are small: see larger ones.
        larger = [data[0], _larger_errors(data[0])]
        again = [measured[0], measure(larger[1])]
        fitting = [
            index
            for index in fitting
            if _proportional_means(losses, index, larger, again, tolerance) is not None
        ] or fitting
    fitting = [
        index
        for index in fitting
        if not _is_weighted(losses, index, data[0], measured[0] / means[index], measure, tolerance)
    ]
    if not fitting:
        return None
    first = fitting[0]
    if not np.allclose([means[index] for index in fitting], means[first], rtol=10 * tolerance):
        return None
    return Recognised(
        index=first,
        keras_mean=means[first],
        outputs=averaged_outputs(
            data[0].predictions.shape,
            reduces_classes=_CANDIDATES[KERAS_LOSSES[first]].reduces_classes,
        ),
    )


def averaged_outputs(shape: Sequence[int], *, reduces_classes: bool) -> float:
    """Values of one row that a Keras loss averages over, for predictions of this shape."""
    return float(np.prod(shape[1:-1] if reduces_classes else shape[1:], dtype=np.float64))


def class_of_function(losses: Any, function: Any) -> str | None:
    """The class name of a loss function of Keras' own ("MeanSquaredError"), None for others."""
    for name, candidate in _CANDIDATES.items():
        if getattr(losses, candidate.function, None) is function:
            return name.partition("(")[0]
    return None


def reduces_classes(class_name: str) -> bool | None:
    """True if a Keras loss class reduces a class axis; None for a class not known here."""
    candidate = _CANDIDATES.get(class_name)
    return None if candidate is None else candidate.reduces_classes


def index_of(class_name: str, *, from_logits: bool) -> float:
    """Index of a Keras loss class in KERAS_LOSSES, NaN where it is not among them."""
    for name in (f"{class_name}(from_logits=True)" if from_logits else class_name, class_name):
        if name in KERAS_LOSSES:
            return float(KERAS_LOSSES.index(name))
    return float("nan")


def _mean(losses: Any, candidate: _Candidate, data: Data) -> float:
    """Keras' mean of a candidate, NaN where it cannot be computed."""
    try:
        labels = _aligned(data.labels, data.predictions, sparse=candidate.sparse)
        if labels is None or (candidate.reduces_classes and not _has_classes(data.predictions)):
            return float("nan")
        options = {"from_logits": True} if candidate.from_logits else {}
        function = getattr(losses, candidate.function)
        predictions = data.predictions
        if predictions.dtype not in (np.float32, np.float64):
            predictions = predictions.astype(np.float32)
        if not candidate.sparse:
            labels = labels.astype(predictions.dtype)
        values = function(tf.constant(labels), tf.constant(predictions), **options)
        return float(np.mean(np.asarray(values, np.float64)))
    except Exception:  # noqa: BLE001  # whatever a candidate cannot take rules it out
        return float("nan")


def _has_classes(predictions: Array) -> bool:
    return predictions.ndim > 1 and predictions.shape[-1] > 1


def _aligned(labels: Array, predictions: Array, *, sparse: bool) -> Array | None:
    """The labels in the shape a Keras loss expects, None where they are not of its kind."""
    if sparse:
        if labels.shape == (*predictions.shape[:-1], 1):
            labels = labels[..., 0]
        if labels.shape != predictions.shape[:-1]:
            return None
        classes = labels.astype(np.int64)
        inside = (classes == labels) & (classes >= 0) & (classes < predictions.shape[-1])
        return classes if bool(inside.all()) else None
    if labels.shape == predictions.shape:
        return labels
    one_longer = labels.ndim == predictions.ndim + 1 and labels.shape[-1] == 1
    one_shorter = labels.ndim + 1 == predictions.ndim and predictions.shape[-1] == 1
    if (one_longer or one_shorter) and labels.size == predictions.size:
        return labels.reshape(predictions.shape)
    return None


def _larger_errors(data: Data) -> Data:
    """The same batch with errors of about ten, where labels and predictions are of one kind."""
    labels, predictions = data.labels, data.predictions
    if labels.shape != predictions.shape:
        return Data(labels=labels, predictions=(predictions * 8).astype(predictions.dtype))
    errors = predictions.astype(np.float64) - labels
    typical = float(np.median(np.abs(errors)))
    moved = labels + errors * (10.0 / max(typical, SMALLEST))
    return Data(labels=labels, predictions=moved.astype(predictions.dtype))


def _is_weighted(
    losses: Any,
    index: int,
    given: Data,
    ratio: float,
    measure: Callable[[Data], float],
    tolerance: float,
) -> bool:
    """True of a binary cross entropy with weights of its own.

    They are not seen where the labels that have them are told right: so the same batch is taken
    with predictions around the middle, of which half are wrong.
    """
    candidate = _CANDIDATES[KERAS_LOSSES[index]]
    if candidate.function != "binary_crossentropy":
        return False
    predictions = given.predictions.astype(np.float64)
    middled = predictions - predictions.mean() if candidate.from_logits else 0.25 + predictions / 2
    unsure = Data(labels=given.labels, predictions=middled.astype(given.predictions.dtype))
    mean = _mean(losses, candidate, unsure)
    off = measure(unsure) / mean - ratio if abs(mean) > SMALLEST else 0.0
    return bool(np.isfinite(off) and abs(off) > tolerance * abs(ratio))


def _proportional_means(
    losses: Any, index: int, data: Sequence[Data], measured: Sequence[float], tolerance: float
) -> float | None:
    """Keras' mean on the first data, if what was measured rises and falls with it, by one factor.

    None where it does not, where fewer than two data can be compared, or tell nothing apart.
    """
    candidate = _CANDIDATES[KERAS_LOSSES[index]]
    means: list[float] = []
    ratios: list[float] = []
    for item, value in zip(data, measured, strict=True):
        if not np.isfinite(value):
            continue
        mean = _mean(losses, candidate, item)
        if not np.isfinite(mean):
            if not means:
                return None  # not even on the batch as given
            continue
        if abs(value) < SMALLEST or abs(mean) < SMALLEST:
            return None
        means.append(mean)
        ratios.append(value / mean)
        if abs(ratios[-1] - ratios[0]) > tolerance * abs(ratios[0]):
            return None
    if len(means) < 2 or np.ptp(means) <= 10 * tolerance * np.max(np.abs(means)):
        return None
    return means[0]

"""Measures of a loss from labels and predictions alone: a column for each.

The loss is evaluated as it is, on the batch doubled and with labels and predictions paired
otherwise. What a tape differentiates is the sum of the tensor it gets; so is what is compared.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tb_bnplugin.keras.losses import candidates as loss_candidates
from tb_bnplugin.keras.losses.candidates import Data
from tb_bnplugin.keras.losses.counted import measure_counted
from tb_bnplugin.keras.losses.mixed_rows import measure_mixed_rows
from tb_bnplugin.keras.losses.pairs import measure_pairs
from tb_bnplugin.keras.losses.resolve import ResolvedLoss, weighted_mean
from tb_bnplugin.schema.columns import LOSS_COLUMNS

Floats = npt.NDArray[np.float64]

SAME_WITHIN: Final = 1e-4
"""Relative: adding the same terms in another order changes a float32 mean by some 1e-6."""

_NAN: Final = float("nan")
_INDEX: Final = {name: index for index, name in enumerate(LOSS_COLUMNS)}


def column_index(name: str) -> int:
    """Where a column of LOSS_COLUMNS is in a measurement."""
    return _INDEX[name]


def columns_of_values(
    resolved: ResolvedLoss,
    labels: npt.NDArray[Any],
    predictions: npt.NDArray[Any],
    weights: Any,
    *,
    must_succeed: bool = True,
) -> Floats:
    """All columns that follow from the values alone.

    `must_succeed`: the loss raises what it raises on the values as given; else that is NaN, as is
    always what it gives on other values.
    """
    vector = np.full(len(LOSS_COLUMNS), _NAN)

    def put(**columns: float) -> None:
        for name, number in columns.items():
            vector[_INDEX[name]] = number

    def evaluate(item: Data, item_weights: Any = weights) -> tuple[float, float]:
        return sum_and_size(resolved, item.labels, item.predictions, item_weights)

    def total(item: Data, item_weights: Any = weights) -> tuple[float, float]:
        try:
            return evaluate(item, item_weights)
        except Exception:  # noqa: BLE001  # a user's loss may refuse what it was not made for
            return _NAN, _NAN

    data = loss_candidates.comparison_data(labels, predictions)
    measured, elements = (evaluate if must_succeed else total)(data[0])
    twice = Data(labels=np.repeat(labels, 2, axis=0), predictions=np.repeat(predictions, 2, axis=0))
    rolled = Data(labels=np.roll(labels, 1, axis=0), predictions=predictions)
    put(
        measured=measured,
        elements=elements,
        doubled=total(twice, doubled_weights(weights))[0],
        permuted=total(rolled)[0],
        batch=len(predictions),
        label_rank=labels.ndim,
        prediction_rank=predictions.ndim,
        label_elements=labels.size,
        prediction_elements=predictions.size,
        broadcast_elements=_broadcast_elements(labels.shape, predictions.shape),
        labels_alike=float(labels.ndim == 0 or bool((labels == labels[:1]).all())),
        labels_are_classes=float(_are_classes(labels, predictions)),
        **_ranges(predictions),
    )
    if weights is None:
        matter = not abs(total(rolled)[0] - measured) <= SAME_WITHIN * abs(measured)
        put(**measure_pairs(labels, predictions, lambda item: total(item)[0], rows_matter=matter))
        put(**measure_counted(labels, predictions, measured, lambda item: total(item)[0]))
    if resolved.per_element is None and np.isnan(vector[_INDEX["pairs_ratio"]]):

        def total_of(some: Any, of_them: Any, their_weights: Any) -> float:
            return total(Data(labels=some, predictions=of_them), their_weights)[0]

        put(**measure_mixed_rows(labels, predictions, weights, total_of))
    if weights is not None:
        put(weight_sum=float(np.sum(weights, dtype=np.float64)))
    if resolved.per_element is not None:
        put(**_keras_columns(resolved, labels, predictions, weights))
    else:
        found = loss_candidates.recognise(
            resolved.flavour.keras.losses, data, lambda item: total(item)[0]
        )
        if found is not None:
            put(keras_mean=found.keras_mean, outputs=found.outputs, candidate=found.index)
    return vector


def sum_and_size(
    resolved: ResolvedLoss, labels: Any, predictions: Any, weights: Any
) -> tuple[float, float]:
    """The sum of what the loss gives on some values, as a tape sums it, and its elements."""
    given = [None if part is None else _constants(part) for part in (labels, predictions, weights)]
    returned = tf.nest.flatten(resolved.evaluate(*given))
    arrays = [np.asarray(tf.convert_to_tensor(part), np.float64) for part in returned]
    return float(sum(array.sum() for array in arrays)), float(sum(array.size for array in arrays))


def _constants(structure: Any) -> Any:
    return tf.nest.map_structure(tf.constant, structure)


def _are_classes(labels: npt.NDArray[Any], predictions: npt.NDArray[Any]) -> bool:
    """True if each row has one label that can be the number of a class among its predictions."""
    if predictions.ndim < 2 or labels.size * predictions.shape[-1] != predictions.size:
        return False
    whole = labels.size > 0 and bool((labels == np.floor(labels)).all())
    classes = predictions.shape[-1]
    return whole and classes >= 2 and labels.min() >= 0 and bool(labels.max() < classes)


def _ranges(predictions: npt.NDArray[Any]) -> dict[str, float]:
    if not predictions.size:
        return {}
    values = predictions.astype(np.float64)
    classes = predictions.ndim > 1 and predictions.shape[-1] > 1
    return {
        "prediction_smallest": float(values.min()),
        "prediction_largest": float(values.max()),
        "row_sum_error": float(np.abs(values.sum(axis=-1) - 1.0).max()) if classes else _NAN,
    }


def _keras_columns(
    resolved: ResolvedLoss, labels: Any, predictions: Any, weights: Any
) -> dict[str, float]:
    """Keras' mean of a Keras loss: the mean of its values, whatever its own reduction."""
    if resolved.keras_class is None or resolved.per_element is None:
        return {}
    reduces = loss_candidates.reduces_classes(resolved.keras_class)
    columns = {
        "candidate": loss_candidates.index_of(
            resolved.keras_class, from_logits=resolved.from_logits
        )
    }
    if reduces is not None:
        columns["outputs"] = loss_candidates.averaged_outputs(
            predictions.shape, reduces_classes=reduces
        )
    try:
        prediction_tensor = tf.constant(predictions)
        label_tensor = tf.constant(labels)
        if prediction_tensor.dtype.is_floating and label_tensor.dtype != prediction_tensor.dtype:
            label_tensor = tf.cast(label_tensor, prediction_tensor.dtype)
        values = resolved.per_element(label_tensor, prediction_tensor)
        columns["keras_mean"] = float(weighted_mean(tf.convert_to_tensor(values), weights))
    except Exception:  # noqa: BLE001  # then it is not known
        columns["keras_mean"] = _NAN
    return columns


def doubled_weights(weights: Any) -> Any:
    """The weights of a batch with each row twice."""
    if weights is None or np.ndim(weights) == 0:
        return weights
    return np.repeat(weights, 2, axis=0)


def _broadcast_elements(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    try:
        return float(np.prod(np.broadcast_shapes(one, other), dtype=np.float64))
    except ValueError:
        return _NAN

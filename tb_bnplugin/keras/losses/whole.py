"""Measures of a loss that takes all outputs of a model at once, in a dict or a list.

Such a loss is the program's own: there is no mean of Keras' to compare it with, and no one shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.losses.columns import (
    Floats,
    column_index,
    doubled_weights,
    sum_and_size,
)
from tb_bnplugin.keras.losses.resolve import ResolvedLoss
from tb_bnplugin.schema.columns import LOSS_COLUMNS

Arrays = Any  # a structure of arrays, [rows, ...] each


def columns_of_structure(
    resolved: ResolvedLoss,
    labels: Arrays,
    predictions: Arrays,
    weights: Arrays,
    *,
    must_succeed: bool = True,
) -> Floats:
    """The columns that can be told of such a loss; see `columns_of_values`."""
    vector = np.full(len(LOSS_COLUMNS), np.nan)

    def total(labels: Arrays, predictions: Arrays, weights: Arrays) -> tuple[float, float]:
        try:
            return sum_and_size(resolved, labels, predictions, weights)
        except Exception:  # noqa: BLE001  # it may refuse what it was not made for
            return np.nan, np.nan

    if must_succeed:
        measured, elements = sum_and_size(resolved, labels, predictions, weights)
    else:
        measured, elements = total(labels, predictions, weights)
    twice, of_twice = _map(lambda array: np.repeat(array, 2, axis=0), (labels, predictions))
    weights_of_twice = None if weights is None else _map(doubled_weights, weights)
    rolled = _map(lambda array: np.roll(array, 1, axis=0), labels)
    rows = {len(array) for array in tf.nest.flatten(predictions)}
    columns = {
        "measured": measured,
        "elements": elements,
        "doubled": total(twice, of_twice, weights_of_twice)[0],
        "permuted": total(rolled, predictions, weights)[0],
        "batch": rows.pop() if len(rows) == 1 else np.nan,
        "labels_alike": float(all((a == a[:1]).all() for a in tf.nest.flatten(labels))),
        "labels_are_classes": 0.0,
    }
    if weights is not None:
        columns["weight_sum"] = float(sum(np.sum(array) for array in tf.nest.flatten(weights)))
    for name, number in columns.items():
        vector[column_index(name)] = number
    return vector


def _map(change: Callable[[Any], Any], structure: Arrays) -> Any:
    return tf.nest.map_structure(change, structure)

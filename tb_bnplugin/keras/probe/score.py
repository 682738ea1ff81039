"""The score of predictions on a held batch: loss, compiled metrics and accuracy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tb_bnplugin.keras.flavour import Flavour
from tb_bnplugin.keras.losses import compiled, output_data
from tb_bnplugin.keras.losses.metric_copy import copy_metric
from tb_bnplugin.keras.losses.options import LossOptions
from tb_bnplugin.keras.losses.output_data import OutputData
from tb_bnplugin.keras.losses.outputs import parts_of
from tb_bnplugin.keras.losses.resolve import reduction_of, resolve
from tb_bnplugin.keras.losses.structure import is_structure
from tb_bnplugin.measure.outputs import accuracy
from tb_bnplugin.schema.columns import METRIC_PREFIX, PROBE_COLUMNS

_NAN: Final = float("nan")

MEAN_REDUCTIONS: Final = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "auto")
"""Reductions of either Keras that take a mean over the batch."""


def loss_of(
    flavour: Flavour, model: Any, y: Any, predictions: Any, weights: Any, loss: Any
) -> float:
    """The given or compiled loss, not divided by replicas; NaN where there is none.

    Of a loss that returns several values, as one without a reduction, their mean.
    """
    try:
        if loss is not None:
            return _given_loss(flavour, loss, y, predictions, weights)
        total = _NAN
        for part, data in loss_parts(flavour, model, y, predictions, weights):
            value = _mean_of(
                resolve(part.loss).evaluate(data.labels, data.predictions, data.weights)
            )
            value *= 1.0 if part.weight is None else float(part.weight)
            value *= _replica_divisor(flavour, part.loss, data)
            total = value if np.isnan(total) else total + value
    except Exception:  # noqa: BLE001  # labels of another shape than fit's: then it is not known
        return _NAN
    return total


def _given_loss(flavour: Flavour, loss: Any, y: Any, predictions: Any, weights: Any) -> float:
    if not is_structure(loss):
        resolved = resolve(loss, flavour.keras)
        if not is_structure(predictions) or resolved.reduction is None:
            return _mean_of(resolved.evaluate(y, predictions, weights))
    options = LossOptions(sample_weight=weights)
    return sum(
        _mean_of(
            resolve(part.loss, flavour.keras).evaluate(
                part.labels, part.predictions, part.options.sample_weight
            )
        )
        for part in parts_of(loss, y, predictions, options)
    )


def loss_parts(
    flavour: Flavour, model: Any, y: Any, predictions: Any, weights: Any
) -> Iterator[tuple[compiled.LossPart, OutputData]]:
    """The compiled loss of each output that has labels, with what it is handed."""
    container = compiled.built_loss_container(model, y, predictions, weights)
    if container is None:
        return
    parts = compiled.loss_parts(flavour, container)
    data = output_data.loss_data(flavour, container, y, predictions, weights)
    for part, given in zip(parts, data, strict=True):
        if given is not None:
            yield part, output_data.handed_on(flavour, given)


def metrics_of(
    flavour: Flavour, model: Any, y: Any, predictions: Any, weights: Any
) -> dict[str, float]:
    """Scalar compiled metrics by name, from copies: those that `fit` shows keep their state."""
    container = compiled.metric_container(model)
    parts = compiled.metric_parts(flavour, container)
    if not parts:
        return {}
    try:
        data = output_data.metric_data(flavour, container, y, predictions, weights)
    except Exception:  # noqa: BLE001  # labels of another structure than fit's
        return {}
    found: dict[str, float] = {}
    for part in parts:
        given = data[part.output] if part.output < len(data) else None
        if given is None or part.name in PROBE_COLUMNS:
            continue
        given = output_data.handed_on(flavour, given)
        value = copy_metric(part.metric, given, weighted=part.weighted)
        if value is not None:
            found[METRIC_PREFIX + part.name] = value
    return found


def accuracy_of(outputs: list[npt.NDArray[np.float64]], y: Any) -> float:
    """The share of rows that are told right, over outputs; NaN where that says nothing."""
    labels = [np.asarray(part) for part in tf.nest.flatten(y)]
    if len(labels) != len(outputs):
        return _NAN
    shares = [accuracy(label, output) for label, output in zip(labels, outputs, strict=True)]
    known = [share for share in shares if share is not None]
    return float(np.mean(known)) if known else _NAN


def _replica_divisor(flavour: Flavour, loss: Any, data: OutputData) -> float:
    """The divisor by which Keras 3 scaled a mean: the replicas of the scope, or 1 for a scalar."""
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas == 1 or not flavour.is_keras_3 or reduction_of(loss) not in MEAN_REDUCTIONS:
        return 1.0
    values = tf.convert_to_tensor(loss.call(data.labels, data.predictions))
    return float(replicas) if values.shape.rank else 1.0


def _mean_of(value: Any) -> float:
    """The value of a loss, or the mean of those that a loss without a reduction returns."""
    return float(np.mean(np.asarray(value, np.float64)))

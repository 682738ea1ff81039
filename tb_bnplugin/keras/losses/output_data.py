"""The part of a batch that each output's compiled loss or metric is given, in either Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tb_bnplugin.keras.flavour import Flavour
from tb_bnplugin.keras.losses.compiled import is_before_keras_3_7


@dataclass(frozen=True, kw_only=True)
class OutputData:
    """Labels, predictions and weights of one output, as its loss or metric is handed them."""

    labels: Any
    predictions: Any
    weights: Any  # None: none given


def loss_data(
    flavour: Flavour, container: Any, labels: Any, predictions: Any, weights: Any
) -> list[OutputData | None]:
    """The values that each of `loss_parts` is given; None for an output without labels."""
    if is_before_keras_3_7(container):
        # its losses flatten what they are given just as the metrics do
        split = metric_data(flavour, container, labels, predictions, weights)
        losses = container.flat_losses
        return [data for data, loss in zip(split, losses, strict=False) if loss is not None]
    if flavour.is_keras_3:
        return [
            _keras_3_data(flavour.keras.tree, container, path, labels, predictions, weights)
            for path, *_ in container._flat_losses
        ]
    split = _tf_keras_split(container, labels, predictions, weights)
    return [data for data, loss in zip(split, container._losses, strict=False) if loss is not None]


def metric_data(
    flavour: Flavour, container: Any, labels: Any, predictions: Any, weights: Any
) -> list[OutputData | None]:
    """Labels, predictions and weights by output, as a built container hands them on."""
    if not flavour.is_keras_3:
        return _tf_keras_split(container, labels, predictions, weights)
    flat_labels = container._flatten_y(labels)
    flat_predictions = container._flatten_y(predictions)
    flat_weights = [None] * len(flat_labels)
    if weights is not None:
        given = container._flatten_y(weights)
        flat_weights = given if len(given) == len(flat_labels) else given * len(flat_labels)
    return [
        OutputData(labels=label, predictions=prediction, weights=weight)
        for label, prediction, weight in zip(
            flat_labels, flat_predictions, flat_weights, strict=False
        )
    ]


def handed_on(flavour: Flavour, data: OutputData) -> OutputData:
    """Labels and weights as tf_keras aligns them before a loss or metric sees them, eagerly."""
    if flavour.is_keras_3:
        return data
    predictions = tf.convert_to_tensor(data.predictions)
    labels = _aligned(tf.convert_to_tensor(data.labels), predictions)
    if labels.dtype.is_floating == predictions.dtype.is_floating and (
        labels.dtype.is_floating or labels.dtype.is_integer
    ):
        labels = tf.cast(labels, predictions.dtype)
    weights = data.weights
    if weights is not None:
        weights = tf.cast(_aligned(tf.convert_to_tensor(weights), predictions), predictions.dtype)
    return OutputData(labels=labels, predictions=predictions, weights=weights)


def _aligned(tensor: tf.Tensor, predictions: tf.Tensor) -> tf.Tensor:
    if tensor.shape.rank == 1 and predictions.shape.rank == 2:
        return tf.expand_dims(tensor, -1)
    return tensor


def _keras_3_data(
    tree: Any, container: Any, path: Sequence[Any], labels: Any, predictions: Any, weights: Any
) -> OutputData | None:
    """One output of what `CompileLoss.call` was given, found as it finds it."""
    if not tree.is_nested(labels) and not tree.is_nested(predictions):
        return OutputData(labels=labels, predictions=predictions, weights=weights)
    wanted_labels = container._y_true_build_structure
    if isinstance(labels, dict) and not isinstance(wanted_labels, dict):
        labels = [labels[name] for name in container.output_names]
    flat_labels = tree.flatten(labels)
    if len(flat_labels) != len(tree.flatten(wanted_labels)):
        return None  # labels for some outputs only
    labels = tree.pack_sequence_as(wanted_labels, flat_labels)
    predictions = tree.pack_sequence_as(
        container._y_pred_build_structure, tree.flatten(predictions)
    )
    if weights is not None and tree.is_nested(weights):
        weights = _at(weights, path)
    return OutputData(labels=_at(labels, path), predictions=_at(predictions, path), weights=weights)


def _at(structure: Any, path: Sequence[Any]) -> Any:
    for key in path:
        structure = structure[key]
    return structure


def _tf_keras_split(
    container: Any, labels: Any, predictions: Any, weights: Any
) -> list[OutputData | None]:
    flat_labels = tf.nest.flatten(container._conform_to_outputs(predictions, labels))
    flat_weights = tf.nest.flatten(container._conform_to_outputs(predictions, weights))
    flat_predictions = tf.nest.flatten(predictions)
    return [
        None if label is None else OutputData(labels=label, predictions=prediction, weights=weight)
        for label, prediction, weight in zip(
            flat_labels, flat_predictions, flat_weights, strict=False
        )
    ]

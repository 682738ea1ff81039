"""What `compile` made of losses and metrics, each with its output, in either Keras.

The containers that Keras keeps them in are private and differ between the two; nothing else
here touches them but `loss_observe`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tb_bnplugin.keras.flavour import Flavour, flavour_of


@dataclass(frozen=True, kw_only=True)
class LossPart:
    """The compiled loss of one output."""

    name: str  # of the output; "loss" where there is one loss
    loss: Any  # a Keras loss object
    weight: float | None  # loss_weights


@dataclass(frozen=True, kw_only=True)
class MetricPart:
    """A compiled metric."""

    name: str  # as in the logs of fit
    metric: Any  # a Keras metric object
    output: int  # index of the output it is given
    weighted: bool  # it gets the sample weights


@dataclass(frozen=True, kw_only=True)
class OutputData:
    """Labels, predictions and weights of one output, as its loss or metric is handed them."""

    labels: Any
    predictions: Any
    weights: Any  # None: none given


def loss_container(model: Any) -> Any:
    """The object that computes the compiled losses, None where there is none."""
    name = "_compile_loss" if flavour_of(model).is_keras_3 else "compiled_loss"
    return getattr(model, name, None)


def metric_container(model: Any) -> Any:
    """The object that updates the compiled metrics, None where there is none."""
    name = "_compile_metrics" if flavour_of(model).is_keras_3 else "compiled_metrics"
    return getattr(model, name, None)


def built_loss_container(model: Any, labels: Any, predictions: Any, weights: Any) -> Any:
    """The compiled losses, built for these outputs: the model's own, or a copy where it is not.

    Keras builds them when they are first called. The copy leaves the model's as it is.
    """
    container = loss_container(model)
    if container is None or container.built:
        return container
    flavour = flavour_of(model)
    if flavour.is_keras_3:
        if container._user_loss is None:
            return None
        copied = type(container)(
            container._user_loss, container._user_loss_weights, output_names=container.output_names
        )
        copied(labels, predictions, weights)
        return copied
    if container._user_losses is None:
        return None
    copied = type(container)(
        container._user_losses,
        container._user_loss_weights,
        output_names=getattr(model, "output_names", None),
    )
    copied.build(predictions)
    return copied


def loss_parts(flavour: Flavour, container: Any) -> list[LossPart]:
    """The losses of a built container, in the order of its outputs."""
    if _is_before_keras_3_7(container):
        names = container.output_names or [
            f"output_{at}" for at in range(len(container.flat_losses))
        ]
        parts = [
            LossPart(name=str(name), loss=loss, weight=weight)
            for name, loss, weight in zip(
                names, container.flat_losses, container.flat_loss_weights, strict=False
            )
            if loss is not None
        ]
    elif flavour.is_keras_3:
        parts = [
            LossPart(name=str(name), loss=loss, weight=weight)
            for _, loss, weight, name in container._flat_losses
        ]
    else:
        names = container._output_names
        parts = [
            LossPart(name=str(name), loss=loss, weight=weight)
            for name, loss, weight in zip(
                names, container._losses, container._loss_weights, strict=False
            )
            if loss is not None
        ]
    if len(parts) == 1:
        return [LossPart(name="loss", loss=parts[0].loss, weight=parts[0].weight)]
    return parts


def asked_losses(flavour: Flavour, container: Any) -> list[tuple[str, Any]]:
    """(name, loss) as given to `compile`, for a container that was never called."""
    given = container._user_loss if flavour.is_keras_3 else container._user_losses
    if isinstance(given, dict):
        named = [(str(name), loss) for name, loss in given.items()]
    else:
        flat = tf.nest.flatten(given)
        names = container.output_names if flavour.is_keras_3 else container._output_names
        fits = names is not None and len(names) == len(flat) > 1
        named = list(zip(names, flat, strict=True)) if fits else [("loss", loss) for loss in flat]
    get = flavour.keras.losses.get
    return [(name, get(loss)) for name, loss in named if loss is not None]


def loss_data(
    flavour: Flavour, container: Any, labels: Any, predictions: Any, weights: Any
) -> list[OutputData | None]:
    """What each of `loss_parts` is handed; None for an output without labels."""
    if _is_before_keras_3_7(container):
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


def _is_before_keras_3_7(container: Any) -> bool:
    """Whether a container of losses keeps them in a public list, one for each output."""
    return hasattr(container, "flat_losses")


def metric_parts(flavour: Flavour, container: Any) -> list[MetricPart]:
    """The metrics of a container, in order; empty before Keras built it."""
    if container is None or not container.built:
        return []
    parts: list[MetricPart] = []
    if flavour.is_keras_3:
        for weighted, lists in (
            (False, container._flat_metrics),
            (True, container._flat_weighted_metrics),
        ):
            for output, metrics in enumerate(lists):
                if metrics:
                    prefix = f"{metrics.output_name}_" if metrics.output_name else ""
                    parts.extend(
                        MetricPart(
                            name=f"{prefix}{metric.name}",
                            metric=metric,
                            output=output,
                            weighted=weighted,
                        )
                        for metric in metrics.metrics
                    )
        return parts
    for weighted, per_output in ((False, container._metrics), (True, container._weighted_metrics)):
        for output, metrics in enumerate(per_output):
            parts.extend(
                MetricPart(name=metric.name, metric=metric, output=output, weighted=weighted)
                for metric in tf.nest.flatten(metrics)
                if metric is not None
            )
    return parts


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

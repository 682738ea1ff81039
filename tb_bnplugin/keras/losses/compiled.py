"""The compiled losses and metrics of a model, each with its output, in either Keras.

The containers that Keras keeps them in are private and differ between the two; nothing else
touches what is in them but `output_data`.
"""

from __future__ import annotations

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
    if is_before_keras_3_7(container):
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


def is_before_keras_3_7(container: Any) -> bool:
    """True if a container of losses keeps them in a public list, one for each output."""
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

"""The numbers that a step returns, and those of the metrics that it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.flavour import flavour_of_object
from tb_bnplugin.twins.observed import Observed


def metrics_in(reached: Iterable[Any]) -> list[Any]:
    """The Keras metrics among some values."""
    return [
        value
        for value in reached
        if (flavour := flavour_of_object(value)) is not None
        and isinstance(value, flavour.keras.metrics.Metric)
    ]


def reset(metrics: Iterable[Any]) -> None:
    """Empty them, so that they say something of one batch alone."""
    for metric in metrics:
        metric.reset_state()


def results(metrics: Iterable[Any]) -> dict[str, float]:
    """The values of those that were updated, by name."""
    found = {}
    for metric in metrics:
        if any(np.any(np.asarray(variable)) for variable in metric.variables):
            value = _number(metric.result())
            if value is not None:
                found[str(metric.name)] = value
    return found


def named_scalars(returned: Any, seen: Observed) -> tuple[dict[str, float], str | None]:
    """The numbers that a step returns, by name, and a note on what is not compared.

    A single number without a name is the loss where it is the loss that was differentiated.
    """
    if returned is None:
        return {}, None
    if isinstance(returned, Mapping):
        numbers = {str(name): _number(value) for name, value in returned.items()}
        return {name: value for name, value in numbers.items() if value is not None}, None
    value = _number(returned)
    losses: Sequence[float] = (
        *seen.loss.values,
        seen.loss.total,
        seen.loss.total - seen.loss.added,
    )
    if value is not None and any(np.isclose(value, loss, rtol=1e-4, atol=0.0) for loss in losses):
        return {"loss": value}, None
    return {}, f"what {seen.name} returns has no name, and is not compared"


def _number(value: Any) -> float | None:
    if not tf.is_tensor(value) and not isinstance(value, (int, float, np.number, np.ndarray)):
        return None
    held = np.asarray(value)
    return float(held) if held.ndim == 0 and held.dtype.kind in "fiub" else None

"""What numpy sees of a model's variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.findings.data import Digits, Values, accuracy


def norms(model: Any) -> list[Any]:
    """The layers of a model that hold moving statistics."""
    return [
        layer
        for layer in model._flatten_layers(include_self=False)
        if getattr(layer, "moving_mean", None) is not None
    ]


def statistics(model: Any) -> Values:
    """All moving means, then all moving variances, as one float64 vector."""
    parts = [layer.moving_mean for layer in norms(model)]
    parts += [layer.moving_variance for layer in norms(model)]
    return flat(parts)


def at_start(model: Any) -> bool:
    """Whether every moving mean is 0 and every moving variance 1."""
    layers = norms(model)
    mean = flat([layer.moving_mean for layer in layers])
    variance = flat([layer.moving_variance for layer in layers])
    return bool(len(mean) and (mean == 0).all() and (variance == 1).all())


def trained(model: Any) -> Values:
    """All trainable weights as one vector."""
    return flat(model.trainable_variables)


def flat(variables: Any) -> Values:
    """Variables as one float64 vector."""
    parts = [np.asarray(variable.numpy(), np.float64).ravel() for variable in variables]
    return np.concatenate(parts) if parts else np.zeros(0)


def changes(read: Callable[[], Values]) -> Callable[[], bool]:
    """Tells whether a value differs from what it is now."""
    first = read().copy()
    return lambda: not np.array_equal(read(), first, equal_nan=True)


def accuracy_by_mode(model: Any, data: Digits) -> tuple[float, float]:
    """Validation accuracy with the moving and with the batch statistics; all is as before after."""
    weights = model.get_weights()
    moving = accuracy(model(data.x_val, training=False), data.y_val)
    batch = accuracy(model(data.x_val, training=True), data.y_val)
    model.set_weights(weights)
    return moving, batch


def copies_of(variable: Any) -> list[Values]:
    """The copy of each replica."""
    mirrored = getattr(variable, "value", variable)  # a variable of Keras 3 holds it
    mirrored = variable if callable(mirrored) else mirrored
    return [np.asarray(copy.numpy(), np.float64) for copy in mirrored.values]

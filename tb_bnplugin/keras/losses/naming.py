"""Names that users know for what Keras made of a compiled loss or metric."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tb_bnplugin.keras.flavour import Flavour
from tb_bnplugin.keras.losses.candidates import class_of_function
from tb_bnplugin.keras.losses.resolve import qualified_name, reduction_of


def loss_class(flavour: Flavour, loss: Any) -> tuple[str, str | None]:
    """Class and reduction of a compiled loss; a user's function has a name and no reduction."""
    if not isinstance(loss, flavour.keras.losses.Loss):
        known = class_of_function(flavour.keras.losses, loss)
        return known or qualified_name(loss), None
    if type(loss).__name__ != "LossFunctionWrapper":
        return type(loss).__name__, reduction_of(loss)
    function = getattr(loss, "fn", None)
    known = class_of_function(flavour.keras.losses, function) or _class_named_after(
        flavour.keras.losses, function
    )
    if known is None:
        return qualified_name(function), None
    return known, reduction_of(loss)


def metric_class(flavour: Flavour, metric: Any) -> str:
    """Class of a compiled metric; for a function that Keras wrapped, the class of that name."""
    name = type(metric).__name__
    if name not in ("MeanMetricWrapper", "SumOverBatchSizeMetricWrapper"):
        return name
    function = getattr(metric, "_fn", None)
    return _class_named_after(flavour.keras.metrics, function) or qualified_name(function)


def asked_names(container: Any) -> list[str]:
    """All names that `compile` was given for metrics, as the user wrote them."""
    given = (
        getattr(container, "_user_metrics", None),
        getattr(container, "_user_weighted_metrics", None),
    )
    return [name for name in tf.nest.flatten(given) if isinstance(name, str)]


def asked(name: str, names: list[str]) -> str | None:
    """The name that became the metric logged as `name`, None where it was given as an object."""
    fitting = [given for given in names if name == given or name.endswith(f"_{given}")]
    return max(fitting, key=len, default=None)


def _class_named_after(module: Any, function: Any) -> str | None:
    """The Keras class of a Keras function: SparseCategoricalAccuracy of ..._accuracy."""
    if not getattr(function, "__module__", "").startswith(("keras.", "tf_keras.")):
        return None
    name = "".join(part.capitalize() for part in function.__name__.split("_"))
    return name if isinstance(getattr(module, name, None), type) else None

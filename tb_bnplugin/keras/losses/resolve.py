"""A loss made ready to be evaluated: an object of either Keras, a name, or a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tb_bnplugin.keras.flavour import Flavour, flavour_of_object, imported_flavour
from tb_bnplugin.keras.losses import candidates as loss_candidates
from tb_bnplugin.keras.losses.structure import leaves


@dataclass(frozen=True, kw_only=True)
class ResolvedLoss:
    """A loss, ready to be evaluated, with what its object says."""

    evaluate: Callable[[Any, Any, Any], Any]  # (labels, predictions, weights) -> tensor
    per_element: Callable[[Any, Any], Any] | None  # unreduced, of Keras' own classes only
    flavour: Flavour
    loss_class: str
    keras_class: str | None  # known from the object itself
    reduction: str | None
    from_logits: bool = False


def check_losses(loss: Any) -> None:
    """Raises TypeError if `loss` is neither a loss, nor a dict or list of losses and None."""
    if isinstance(loss, (Mapping, list, tuple)):
        parts = [part for _, part in leaves(loss) if part is not None]
        if not parts:
            raise TypeError(f"loss must hold a loss of one output at least; received {loss!r}")
        for part in parts:
            check_loss(part)
    else:
        check_loss(loss)


def check_loss(loss: Any) -> None:
    """Raises TypeError if `loss` is neither a Keras loss object, a name nor a callable."""
    if isinstance(loss, type) or not (isinstance(loss, str) or callable(loss)):
        what = f"the class {loss.__name__}" if isinstance(loss, type) else type(loss).__name__
        raise TypeError(
            "loss must be a Keras loss object, a name such as 'mse', or a callable"
            f" (y_true, y_pred) -> tensor; received {what}"
        )


def resolve(loss: Any, keras: Any = None) -> ResolvedLoss:
    """A loss as it is evaluated: an object or a callable itself, a name as `compile` has it.

    Args:
        loss: a Keras loss object, a name, or a callable `(y_true, y_pred) -> tensor`.
        keras: the module `keras` or `tf_keras` that names are looked up in.

    Raises:
        TypeError: it is none of these.
        ValueError: a name that Keras does not know.
    """
    check_loss(loss)
    if isinstance(loss, str):
        return _resolve_name(loss, keras)
    flavour = flavour_of_object(loss)
    if flavour is not None and isinstance(loss, flavour.keras.losses.Loss):
        return _resolve_object(loss, flavour)
    return ResolvedLoss(
        evaluate=_weighted_call(loss),
        per_element=None,
        flavour=_flavour_of_module(keras),
        loss_class=qualified_name(loss),
        keras_class=None,
        reduction=None,
    )


def _resolve_name(name: str, keras: Any) -> ResolvedLoss:
    """A name as `compile` takes it: Keras' mean of the loss it stands for."""
    flavour = _flavour_of_module(keras)
    found = flavour.keras.losses.get(name)
    if isinstance(found, flavour.keras.losses.Loss):
        return _resolve_object(found, flavour)
    keras_class = loss_candidates.class_of_function(flavour.keras.losses, found)
    if keras_class is not None:
        return _resolve_object(getattr(flavour.keras.losses, keras_class)(), flavour)

    def mean(labels: Any, predictions: Any, weights: Any) -> Any:
        values = tf.convert_to_tensor(found(labels, predictions))
        return weighted_mean(values, weights)

    return ResolvedLoss(
        evaluate=mean,
        per_element=None,
        flavour=flavour,
        loss_class=qualified_name(found),
        keras_class=None,
        reduction="sum_over_batch_size",
    )


def _resolve_object(loss: Any, flavour: Flavour) -> ResolvedLoss:
    function = getattr(loss, "fn", None)
    keras_class: str | None = type(loss).__name__
    loss_class = type(loss).__name__
    if loss_class == "LossFunctionWrapper":
        keras_class = loss_candidates.class_of_function(flavour.keras.losses, function)
        loss_class = keras_class or qualified_name(function)
    elif not type(loss).__module__.startswith(("keras.src.", "tf_keras.src.")):
        keras_class = None  # the user's own: compared by value, as a function is
    return ResolvedLoss(
        evaluate=lambda labels, predictions, weights: loss(
            labels, predictions, sample_weight=weights
        ),
        per_element=None if keras_class is None else loss.call,
        flavour=flavour,
        loss_class=loss_class,
        keras_class=keras_class,
        reduction=reduction_of(loss),
        from_logits=bool(takes_logits(loss)),
    )


def takes_logits(loss: Any) -> bool | None:
    """True of a Keras loss object with `from_logits=True`; None of a function."""
    if not hasattr(loss, "reduction"):
        return None
    options = getattr(loss, "_fn_kwargs", None) or {}
    return bool(options.get("from_logits", getattr(loss, "from_logits", False)))


def reduction_of(loss: Any) -> str | None:
    """The reduction a Keras loss object was made with, in Keras' words; None: it has none."""
    if not hasattr(loss, "reduction"):
        return None
    reduction = loss.reduction
    return "none" if reduction is None else str(reduction)


def qualified_name(function: Any) -> str:
    """A name for a function, or for any other callable that of its class."""
    named = inspect.unwrap(function) if callable(function) else function
    named = getattr(named, "func", named)  # functools.partial
    named = getattr(named, "python_function", named)  # tf.function
    name = getattr(named, "__qualname__", None) or type(named).__qualname__
    return str(name).replace("<locals>.", "")


def _flavour_of_module(keras: Any) -> Flavour:
    if keras is None:
        return imported_flavour()
    name = "tf_keras" if keras.__name__.partition(".")[0] == "tf_keras" else "keras"
    return Flavour(name=name, keras=keras, version=str(getattr(keras, "__version__", "")))  # type: ignore[arg-type]  # one of the two


def _weighted_call(function: Callable[..., Any]) -> Callable[[Any, Any, Any], Any]:
    try:
        takes_weights = "sample_weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        takes_weights = False

    def call(labels: Any, predictions: Any, weights: Any) -> Any:
        if takes_weights and weights is not None:
            return function(labels, predictions, sample_weight=weights)
        return function(labels, predictions)

    return call


def weighted_mean(values: tf.Tensor, weights: Any) -> tf.Tensor:
    """Sum of weighted values by their number, not by the sum of the weights, as Keras has it."""
    values = tf.cast(values, tf.float64)
    if weights is None:
        return tf.reduce_mean(values)
    weights = tf.cast(weights, tf.float64)
    if weights.shape.rank == values.shape.rank + 1:
        weights = tf.squeeze(weights, -1)
    while weights.shape.rank < values.shape.rank:
        weights = tf.expand_dims(weights, -1)
    return tf.reduce_mean(values * weights)

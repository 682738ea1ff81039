"""The arguments of a layer's call: `training`, mask and inputs, however they were given."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import tensorflow as tf


def given_inputs(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The inputs of a call, None where there are none."""
    return args[0] if args else kwargs.get(_parameters(type(layer).call)[0].name)


def given_mask(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The mask of a call: by name, or in the third place, where both Keras take it."""
    return kwargs.get("mask", args[2] if len(args) > 2 else None)


def given_training(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The `training` value that `call` gets, its default where it was given none."""
    if "training" in kwargs:
        return kwargs["training"]
    for at, parameter in enumerate(_parameters(type(layer).call)):
        if parameter.name == "training":
            if at < len(args):
                return args[at]
            return None if parameter.default is inspect.Parameter.empty else parameter.default
    return None


@functools.lru_cache(maxsize=64)
def _parameters(call: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """The parameters of a layer class's `call`: the inputs first, without `self`."""
    return tuple(inspect.signature(call).parameters.values())[1:]


def truth(value: Any) -> bool:
    """True if a value that is known now asks for training mode."""
    return bool(value.numpy()) if tf.is_tensor(value) else bool(value)


def asked_value(value: Any) -> str:
    """The value as the ledger names it: "none", "tensor", "true" or "false"."""
    if value is None:
        return "none"
    if tf.is_tensor(value):
        if not tf.executing_eagerly():
            return "tensor"
        value = value.numpy()
    return "true" if value else "false"


def static_shape(inputs: Any) -> tuple[int | None, ...]:
    """The shape of the inputs as far as it is known, () where they have none."""
    shape = getattr(inputs, "shape", None)
    try:
        return tuple(None if size is None else int(size) for size in shape)  # type: ignore[union-attr]
    except (TypeError, ValueError):
        return ()

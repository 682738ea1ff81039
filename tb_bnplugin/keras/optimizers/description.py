"""One optimizer of either Keras: its numbers, what it trains, what it does to gradients.

Only attributes are read that are there already: to ask a legacy optimizer for its iterations
would make a variable in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.variables import local
from tb_bnplugin.schema.facts import OptimizerFacts

_INNER: Final = ("inner_optimizer", "_optimizer")
"""Attributes in which a wrapper (a loss scale, an average of weights) holds what it wraps."""

_DEEPEST: Final = 4  # wrappers around wrappers

_BASES: Final = ("Optimizer", "BaseOptimizer", "_BaseOptimizer", "OptimizerV2", "TFOptimizer")
"""Classes of Keras that every optimizer derives from: they say nothing of how it steps."""

_CLIPPING: Final = ("clipnorm", "clipvalue", "global_clipnorm")


def is_optimizer(value: Any) -> bool:
    """True if this is an optimizer as either Keras has them."""
    cls = type(value)
    return hasattr(cls, "apply_gradients") and hasattr(cls, "iterations")


def check_optimizers(given: Any) -> tuple[Any, ...]:
    """The optimizers that a program names: one, or several in a list.

    Raises:
        TypeError: one of them cannot apply gradients.
    """
    optimizers = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    for optimizer in optimizers:
        applies = any(hasattr(type(optimizer), name) for name in ("apply_gradients", "apply"))
        if isinstance(optimizer, type) or not applies:
            raise TypeError(
                "optimizer must be an optimizer, such as keras.optimizers.Adam(), or a list of"
                f" them; received {optimizer!r} ({type(optimizer).__name__})"
            )
    return optimizers


def attributes(value: Any) -> Mapping[str, Any]:
    """The attributes that are set on an object; properties and `__getattr__` are not asked."""
    try:
        held = object.__getattribute__(value, "__dict__")
    except (AttributeError, TypeError):
        return {}
    return held if isinstance(held, Mapping) else {}


def chain(optimizer: Any) -> list[Any]:
    """A wrapper, and what it wraps, down to the optimizer that makes the step."""
    found = [optimizer]
    while len(found) < _DEEPEST:
        held = attributes(found[-1])
        inner = next((held[name] for name in _INNER if is_optimizer(held.get(name))), None)
        if inner is None:
            break
        found.append(inner)
    return found


def trains(optimizer: Any, weights: Sequence[Any]) -> bool:
    """True if the optimizer was built for one of these weights, as its first step does."""
    # Keras 3 keeps the variables, tf_keras an index of their names.
    same = {id(weight) for weight in weights} | {
        id(held) for weight in weights if (held := getattr(weight, "value", None)) is not None
    }
    names = {getattr(weight, "_unique_id", None) for weight in weights} - {None}
    for each in chain(optimizer):
        held = attributes(each)
        if any(id(variable) in same for variable in held.get("_trainable_variables") or ()):
            return True
        if not names.isdisjoint(held.get("_index_dict") or held.get("_slots") or ()):
            return True
    return False


def iterations(optimizer: Any) -> Any:
    """The steps that it has made, a tensor; None where it has no count."""
    base = chain(optimizer)[-1]
    if attributes(base).get("_iterations", 0) is None:
        return None
    try:
        return local(getattr(base, "iterations", None))
    except (AttributeError, TypeError, ValueError):
        return None


def learning_rate(optimizer: Any) -> Any:
    """The present learning rate, of a schedule its present value, a tensor; None: not known."""
    base = chain(optimizer)[-1]
    try:
        rate = getattr(base, "learning_rate", None)
        if callable(rate):  # tf_keras' legacy optimizers give the schedule itself
            rate = rate(iterations(base))
        return local(rate)
    except (AttributeError, TypeError, ValueError):
        return None


def numbers(optimizer: Any) -> list[Any]:
    """The variables or schedules that `iterations` and `learning_rate` read, None without one."""
    held = attributes(chain(optimizer)[-1])
    legacy = held.get("_hyper") or {}  # of tf_keras' legacy optimizers
    names = ("_iterations", "_learning_rate", "_current_learning_rate")
    return [*map(held.get, names), legacy.get("learning_rate")]


def loss_scale(optimizer: Any) -> float:
    """The divisor of gradients now; NaN where there is none."""
    for each in chain(optimizer):
        held = attributes(each)
        if "initial_scale" in held:  # Keras 3, which makes the variable at the first step
            scale = held.get("dynamic_scale")
            return float(np.asarray(held["initial_scale"] if scale is None else local(scale)))
        if _is_loss_scale_of_tf_keras(each):
            return float(np.asarray(local(each.loss_scale)))
        if held.get("loss_scale_factor"):
            return float(held["loss_scale_factor"])
    return float("nan")


def facts(optimizer: Any, known_from: str) -> OptimizerFacts:
    """The optimizer as the record has it."""
    links = chain(optimizer)
    base = links[-1]
    held = attributes(base)
    steps = held.get("gradient_accumulation_steps")
    clipping = {
        name: _number(next((v for each in links if (v := attributes(each).get(name))), None))
        for name in _CLIPPING
    }
    return OptimizerFacts(
        optimizer_class=type(base).__name__,
        keras_class=_keras_class(base),
        known_from=known_from,
        schedule=_schedule(held),
        loss_scale=_kind_of_scale(links),
        gradient_accumulation_steps=None if not steps else int(steps),
        **clipping,
    )


def _keras_class(optimizer: Any) -> str | None:
    """The class of Keras that decides how it steps, as far as one is known."""
    for cls in type(optimizer).__mro__:
        if cls.__module__.partition(".")[0] in ("keras", "tf_keras"):
            return None if cls.__name__ in _BASES else cls.__name__
    return None


def _schedule(held: Mapping[str, Any]) -> str | None:
    hyper = held.get("_hyper")  # of legacy optimizers
    rate = held.get("_learning_rate", hyper.get("learning_rate") if hyper else None)
    return type(rate).__name__ if callable(rate) else None


def _kind_of_scale(links: Sequence[Any]) -> str | None:
    for each in links:
        held = attributes(each)
        if "initial_scale" in held:
            return "dynamic"
        if _is_loss_scale_of_tf_keras(each):
            return "dynamic" if each.dynamic else "fixed"
        if held.get("loss_scale_factor"):
            return "fixed"
    return None


def _is_loss_scale_of_tf_keras(optimizer: Any) -> bool:
    cls = type(optimizer)
    return hasattr(cls, "loss_scale") and hasattr(cls, "dynamic")


def _number(value: Any) -> float | None:
    if value is None:
        return None
    try:
        return float(np.asarray(tf.get_static_value(value) if tf.is_tensor(value) else value))
    except (TypeError, ValueError):
        return None

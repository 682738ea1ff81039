"""The optimizers of two programs: which they are, and the same state for both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.flavour import flavour_of_object
from tb_bnplugin.keras.optimizers import description
from tb_bnplugin.keras.variables import copies, local
from tb_bnplugin.twins.divergence import counted
from tb_bnplugin.twins.observed import OptimizerSeen

_OPTIONS = ("momentum", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "epsilon")


def seen(optimizer: Any) -> OptimizerSeen:
    """An optimizer as a report names it."""
    facts = description.facts(optimizer, "argument")
    rate = description.learning_rate(optimizer)
    held = description.attributes(description.chain(optimizer)[-1])
    options = {
        name: float(held[name])
        for name in _OPTIONS
        if isinstance(held.get(name), (int, float)) and held[name] and name != "epsilon"
    }
    return OptimizerSeen(
        name=facts.optimizer_class,
        learning_rate=float("nan") if rate is None else float(rate),
        options=options,
    )


def divisor(optimizer: Any) -> float:
    """The number by which an optimizer divides the gradients that it is given; 1 if by none."""
    flavour = flavour_of_object(optimizer)
    if flavour is None or not flavour.is_keras_3:
        return 1.0
    scale = description.loss_scale(optimizer)
    return scale if scale > 0.0 else 1.0


def distinct(optimizers: Iterable[Any]) -> list[Any]:
    """Each optimizer once, without those that another one wraps."""
    found: list[Any] = []
    for each in optimizers:
        if each is not None and not any(each is one for one in found):
            found.append(each)
    inner = [held for each in found for held in description.chain(each)[1:]]
    return [each for each in found if not any(each is one for one in inner)]


def give_same_state(first: Any, second: Any, weights: Sequence[Sequence[Any]]) -> str | None:
    """Give two optimizers of one class the same state, that of the one with more steps.

    Args:
        first: the optimizer of one program.
        second: that of the other.
        weights: that each of the two trains.

    Returns:
        A line for the report where they had different ones; None where nothing was to be done.
    """
    if first is None or second is None or first is second:
        return None
    counts = [_steps(first), _steps(second)]
    if counts == [0, 0]:
        return None
    source, target = (first, second) if counts[0] >= counts[1] else (second, first)
    if type(first) is type(second) and not _is_legacy(first):
        for optimizer, trained in ((first, weights[0]), (second, weights[1])):
            if not getattr(optimizer, "built", getattr(optimizer, "_built", False)):
                with tf.init_scope():
                    optimizer.build(list(trained))
        pairs = list(zip(_state(source), _state(target), strict=False))
        same = len(_state(source)) == len(_state(target))
        if same and all(tuple(a.shape) == tuple(b.shape) for a, b in pairs):
            equal = all(np.array_equal(_value(a), _value(b)) for a, b in pairs)
            for a, b in pairs:
                for part, copy in zip(copies(a), copies(b), strict=False):
                    copy.assign(part)
            if equal:
                return None
            after = counted(max(counts), "step")
            return f"both optimizers begin with the state after {after}"
    return f"the optimizers go on from states of their own, after {counts[0]} and {counts[1]} steps"


def _steps(optimizer: Any) -> int:
    count = description.iterations(optimizer)
    return 0 if count is None else int(count)


def _value(variable: Any) -> Any:
    return np.asarray(local(variable))


def _is_legacy(optimizer: Any) -> bool:
    return not hasattr(optimizer, "build")


def _state(optimizer: Any) -> list[Any]:
    """The variables of an optimizer but its learning rate, in the order in which it makes them."""
    return [v for v in list(optimizer.variables) if "learning_rate" not in str(v.name)]

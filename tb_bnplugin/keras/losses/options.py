"""All that may be said of a loss beside the loss itself, its labels and its predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

NAN: Final = float("nan")


def tell_nobody(name: str, why: str) -> None:
    """Keep it to oneself."""


@dataclass(frozen=True, kw_only=True)
class LossOptions:
    """How a loss is given its weights, what became of it, and how the log calls it."""

    sample_weight: Any = None  # as given to Keras
    value: Any = None  # what the loop really differentiated; a vector is summed, as a tape does
    name: str = "loss"  # in the log
    replicas: int | None = None  # of the strategy; None: of the one whose scope this is in
    learning_rate: float = NAN  # of the optimizer, NaN where none is known
    keras: Any = None  # the module that names are looked up in; None: the flavour of the loss
    taken_from: str = "arguments"  # where labels and predictions come from, kept in the facts
    regularization: Any = NAN  # sum of the regularizers of the model's weights; NaN: no model
    output_names: Sequence[str] = ()  # of the model, where it is known
    tell: Callable[[str, str], None] = tell_nobody  # name and reason of what cannot be measured

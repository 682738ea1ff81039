"""One step as it was seen: plain numpy values, of whichever Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_bnplugin.printed import num

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Weight:
    """One weight of the model, before and after the step."""

    name: str  # "base/conv/kernel"
    layer: str  # "base/conv"
    before: Floats
    after: Floats
    trainable: bool
    statistic: str | None = None  # "mean" or "variance" of a batch normalization
    momentum: float = 0.0  # of the same
    spread: float = 0.0  # of a mean: the size of the standard deviations beside it

    @property
    def update(self) -> Floats:
        """The difference that the step made."""
        return self.after - self.before


@dataclass(frozen=True, kw_only=True)
class Mode:
    """How one layer was called, once."""

    training: bool  # the effective mode
    frozen: bool = False  # training mode was asked for or not: a frozen one runs in inference mode


@dataclass(frozen=True, kw_only=True)
class OptimizerSeen:
    """The optimizer that was given gradients."""

    name: str  # its class
    learning_rate: float
    options: Mapping[str, Any] = field(default_factory=dict)  # clipping, decay, ...

    def __str__(self) -> str:
        """As a report names it."""
        options = "".join(f", {name} {num(value)}" for name, value in self.options.items())
        return f"{self.name} (learning rate {num(self.learning_rate)}{options})"


@dataclass(kw_only=True)
class LossSeen:
    """The loss that is differentiated, of all backward passes."""

    passed: dict[str, Floats] = field(default_factory=dict)  # the gradient at each output
    values: list[float] = field(default_factory=list)  # by pass
    shapes: list[Any] = field(default_factory=list)  # of what is differentiated
    terms: dict[str, tuple[float, float]] = field(default_factory=dict)  # (times, value)

    @property
    def total(self) -> float:
        """The sum of the passes."""
        return float(np.sum(self.values))

    @property
    def added(self) -> float:
        """The part of it that are regularizers and what layers add."""
        return float(sum(times * value for times, value in self.terms.values()))


@dataclass(kw_only=True)
class Observed:
    """One step, in the order in which data flow through it."""

    name: str
    rows: int
    replicas: int = 1
    unseen: dict[str, str] = field(default_factory=dict)  # why, by stage
    notes: list[str] = field(default_factory=list)
    inputs: list[Sequence[npt.NDArray[Any]]] = field(default_factory=list)  # by call of the model
    modes: dict[str, list[Mode]] = field(default_factory=dict)  # by layer
    outputs: list[Sequence[npt.NDArray[Any]]] = field(default_factory=list)  # by call
    loss: LossSeen = field(default_factory=LossSeen)
    gradients: dict[int, Floats] = field(default_factory=dict)  # by weight, as handed over
    steps: int = 0  # of optimizers
    optimizers: list[OptimizerSeen] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)

    def rename(self, names: Mapping[str, str]) -> None:
        """Call layers and weights as another model calls its own."""
        self.modes = {names.get(path, path): modes for path, modes in self.modes.items()}
        terms = {}
        for label, term in self.loss.terms.items():
            name, space, rest = label.partition(" ")
            terms[f"{names.get(name, name)}{space}{rest}"] = term
        self.loss.terms = terms

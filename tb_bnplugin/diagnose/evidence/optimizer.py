"""The optimizer: whether a constant factor of the loss changes its steps, as far as it is known.

Where it is not known, neither is what a factor does: no rule takes that for the worst case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from tb_bnplugin.history.model import ModelHistory, OptimizerFacts
from tb_bnplugin.printed import num

ADAPTIVE: Final = frozenset(
    (
        *("adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw"),
        *("lamb", "lion", "muon", "nadam", "rmsprop"),
    )
)
"""Optimizers that divide a gradient by its own size, so that a factor of the loss cancels."""

PROPORTIONAL: Final = frozenset(("sgd",))
"""Optimizers whose step is the learning rate times the gradient, or a sum of such."""

Effect = Literal["cancels", "scales", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """The maker of a model's steps, and what a factor of the loss does to them."""

    name: str | None  # "Adam"; None: not known
    effect: Effect
    several: bool = False  # of which it is what they have in common
    clipping: str = ""  # "clipnorm=1": then a factor decides what is clipped

    @property
    def cancels(self) -> bool:
        """True if it divides a factor of the loss out, up to epsilon and clipping."""
        return self.effect == "cancels"

    @property
    def scales(self) -> bool:
        """True if a factor of the loss is one of the step."""
        return self.effect == "scales"

    @property
    def though_it_cancels(self) -> str:
        """The end of a sentence that tells a factor which changes no step."""
        return f", though {self.name} divides a constant factor out"

    def one_rate_of(self, rate: float | None) -> float | None:
        """A learning rate that was recorded; None where it may be that of another optimizer."""
        return None if self.several else rate

    def if_it_scales(self, advice: str) -> str:
        """A sentence: an advice that is right for SGD, as far as it is right for this one."""
        if self.scales:
            return f"With {self.name}, {advice}."
        if self.name is None:
            return (
                "Which optimizer trains is not known (`tb_bnplugin.watch(model, optimizer=...)`"
                " tells it). If it is Adam, or another that divides a gradient by its own size,"
                f" that is all; with SGD, {advice}."
            )
        return f"If {self.name} steps in proportion to the gradient, as SGD does, {advice}."


def optimizer_of(history: ModelHistory) -> Optimizer:
    """The optimizer of a run; of several, what they have in common."""
    known = history.facts.optimizers
    if not known:
        return Optimizer(name=None, effect="unknown")
    effects = {_effect(each) for each in known}
    clipping = ", ".join(dict.fromkeys(text for each in known if (text := _clipping(each))))
    return Optimizer(
        name=history.facts.optimizer,
        effect=effects.pop() if len(effects) == 1 else "unknown",
        several=len(known) > 1,
        clipping=clipping,
    )


def _effect(optimizer: OptimizerFacts) -> Effect:
    name = (optimizer.keras_class or optimizer.optimizer_class).lower()
    if name in ADAPTIVE:
        return "cancels"
    return "scales" if name in PROPORTIONAL else "unknown"


def _clipping(optimizer: OptimizerFacts) -> str:
    limits = {
        "clipnorm": optimizer.clipnorm,
        "clipvalue": optimizer.clipvalue,
        "global_clipnorm": optimizer.global_clipnorm,
    }
    return ", ".join(f"{name}={num(limit)}" for name, limit in limits.items() if limit is not None)

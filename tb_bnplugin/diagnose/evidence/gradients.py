"""The gradient of what an own `train_step` differentiates, against that of the compiled loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.history.model import (
    Floats,
    GradientHistory,
    LossHistory,
    ModelHistory,
    Steps,
)

SAME_DIRECTION: Final = 0.9999
"""Cosine from which one factor explains the gradient. Of equal losses it is 1 to within 1e-6 in
float32 and 1e-4 in bfloat16; another loss of the same values has 0.8 (measured)."""

WITHIN: Final = 0.005
"""Relative: as for losses, see `evidence.losses.RELATIVE_TOLERANCE`."""


@dataclass(frozen=True, kw_only=True)
class Gradient:
    """The differentiated value against Keras' mean of the compiled loss; over all records."""

    factor: float  # of the step: times the replicas, whose gradients are summed
    cosine: float  # smallest of all records
    steps: tuple[int, int]  # first and last record

    @property
    def is_a_multiple(self) -> bool:
        """True where one factor explains all."""
        return self.cosine >= SAME_DIRECTION


def measured_gradient(history: ModelHistory) -> Gradient | None:
    """The measured gradient; None where there is none, or it is not that of one pass a step.

    None, too, where the factor is not the same in all records, as with batches that differ.
    """
    for gradient in history.gradients:
        factor, cosine, steps = usable_records(gradient)
        if not len(steps):
            continue
        middle = float(np.median(factor))
        if (np.abs(factor - middle) > WITHIN * abs(middle)).any():
            continue
        return Gradient(
            factor=middle * max(history.facts.replicas, 1),
            cosine=float(cosine.min()),
            steps=(int(steps[0]), int(steps[-1])),
        )
    return None


def usable_records(gradient: GradientHistory) -> tuple[Floats, Floats, Steps]:
    """Factor, cosine and step of the records that are of one backward pass a step."""
    chosen = usable(gradient)
    if not chosen.any():
        return np.zeros(0), np.zeros(0), gradient.steps[:0]
    factor, cosine = (gradient.columns[name][chosen] for name in ("factor", "cosine"))
    return factor, cosine, gradient.steps[chosen]


def usable(gradient: GradientHistory) -> Mask:
    """The records [records] that are of one backward pass a step."""
    unknown = np.full(len(gradient.steps), np.nan)
    factor, cosine, steps, passes = (
        gradient.columns.get(name, unknown) for name in ("factor", "cosine", "steps", "passes")
    )
    known = np.isfinite(factor) & np.isfinite(cosine)
    return np.asarray(known & (steps > 0) & (passes == steps), bool)


def is_compiled_loss(history: ModelHistory) -> bool:
    """True where the gradient shows that the compiled loss itself is differentiated."""
    found = measured_gradient(history)
    return found is not None and found.is_a_multiple and abs(found.factor - 1.0) <= WITHIN


def is_known_to_train(history: ModelHistory, loss: LossHistory) -> bool:
    """False of a compiled loss beside a `train_step` that may differentiate another."""
    facts = history.facts
    own_step = facts.trained_by == "fit" and facts.code.own_train_step is not False
    compiled = loss.facts is not None and loss.facts.taken_from == "probe_data"
    return not (own_step and compiled) or is_compiled_loss(history)

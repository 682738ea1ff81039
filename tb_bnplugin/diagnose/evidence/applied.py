"""The gradient that reaches the optimizer, against what the backward passes gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.gradients import SAME_DIRECTION, WITHIN, measured_gradient
from tb_bnplugin.history.model import Floats, ModelHistory

FEWEST: Final = 3
"""Steps of the optimizer that were looked at: a bias of one channel has the right direction by
chance, but not three times the same factor."""

AGREEING: Final = 0.9
"""Share of them that has the same factor. Where a gradient is nearly 0, rounding decides."""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """The optimizer was given `factor` times the sum of what came back since its last step."""

    factor: float | None  # None: no one factor explains it
    reduced: float | None  # the same, against the sum over the replicas
    passes: float  # backward passes a step; NaN where that differs
    steps: tuple[int, int]  # first and last record


def applied_gradient(history: ModelHistory) -> Applied | None:
    """The comparison over all records; None where there are too few."""
    for gradient in history.gradients:
        given = gradient.columns.get("applied_factor")
        passes = gradient.columns.get("applied_passes")
        if given is None or passes is None:
            continue
        usable = np.isfinite(given)
        if int(usable.sum()) < FEWEST:
            continue
        known = passes[usable]
        nothing = np.full(len(given), np.nan)
        columns = gradient.columns
        return Applied(
            factor=agreed(given[usable], columns.get("applied_cosine", nothing)[usable]),
            reduced=agreed(
                columns.get("reduced_factor", nothing)[usable],
                columns.get("reduced_cosine", nothing)[usable],
            ),
            passes=float(known[0]) if (known == known[0]).all() else float("nan"),
            steps=(int(gradient.steps[usable][0]), int(gradient.steps[usable][-1])),
        )
    return None


def share_of_a_pass(history: ModelHistory, passes: float) -> float | None:
    """The number by which a pass differentiates the mean over its rows: 1, or 1 / passes.

    By the gradient of an own `train_step`, or the one loss that a loop hands over with its value.
    None: not known, or another.
    """
    measured = measured_gradient(history)
    if measured is not None:
        if not measured.is_a_multiple:
            return None
        return next((s for s in (1.0, 1.0 / passes) if losses.near(measured.factor, s)), None)
    if len(history.losses) != 1:
        return None
    (loss,) = history.losses
    value, mean, measured_loss, doubled = (
        losses.loss_column(loss, name)
        for name in ("value_given", "keras_mean", "measured", "doubled")
    )
    penalties = np.nan_to_num(losses.loss_column(loss, "regularization"))
    usable = np.isfinite(value) & np.isfinite(mean) & (mean != 0.0)
    if not usable.any():
        return None

    def is_value(of: Floats, share: float = 1.0) -> bool:
        known = of[usable], penalties[usable], value[usable]
        choices = [known[0] * share, (known[0] + known[1]) * share, known[0] * share + known[1]]
        return bool(np.any([np.abs(c - known[2]) <= WITHIN * np.abs(c) for c in choices], 0).all())

    if is_value(mean, 1.0 / passes):
        return 1.0 / passes
    grows = np.abs(doubled[usable] - measured_loss[usable]) > WITHIN * np.abs(measured_loss[usable])
    return 1.0 if is_value(mean) and not grows.any() else None


def agreed(factors: Floats, cosines: Floats) -> float | None:
    """The factor of nearly all steps, where it explains the gradient; None: there is no one."""
    finite = np.isfinite(factors) & np.isfinite(cosines)
    if int(finite.sum()) < FEWEST:
        return None
    middle = float(np.median(factors[finite]))
    same = np.abs(factors - middle) <= WITHIN * abs(middle)
    agreeing = finite & same & (cosines >= SAME_DIRECTION)
    return middle if agreeing.sum() >= AGREEING * finite.sum() else None

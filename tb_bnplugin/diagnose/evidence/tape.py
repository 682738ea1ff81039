"""The gradient that came back to the predictions of a loop, against that of the loss it hands over.

The predictions that are handed over are those of the model, by their values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tb_bnplugin.diagnose.evidence.applied import FEWEST, Applied, agreed, applied_gradient
from tb_bnplugin.diagnose.evidence.gradients import SAME_DIRECTION, WITHIN
from tb_bnplugin.diagnose.evidence.layers import newest
from tb_bnplugin.diagnose.evidence.losses import near
from tb_bnplugin.history.model import Floats, ModelHistory


@dataclass(frozen=True, kw_only=True)
class Tape:
    """In one replica, `factor` times the gradient of the mean of the loss came back."""

    factor: float | None  # of a batch of `rows`; None where no one number explains the records
    unscaled: float | None  # the same, divided by the loss scale of each record
    of_a_row: float | None  # of each row, where batches differ and the sum over rows explains all
    rows: float  # of most batches
    of_keras: bool  # the loss is one of Keras'; else a function, whose values are averaged
    scale: float  # the newest loss scale; 1 where the optimizer has none, or is not known
    cosine: float  # smallest of all records
    steps: tuple[int, int]  # first and last record


@dataclass(frozen=True, kw_only=True)
class Step:
    """The step of the optimizer, which is that of `factor` times the mean."""

    factor: float
    passes: float  # that it adds up
    in_part: float | None  # the factor, where it is wrong by the loss scale alone


def tape_gradient(history: ModelHistory) -> Tape | None:
    """The comparison over all records; None where there are too few."""
    for gradient in history.gradients:
        nothing = np.full(len(gradient.steps), np.nan)
        factor, cosine, rows, own, scale = (
            gradient.columns.get(f"tape_{name}", nothing)
            for name in ("factor", "cosine", "rows", "of_keras", "scale")
        )
        usable = np.isfinite(factor) & np.isfinite(cosine) & (rows > 0)
        if int(usable.sum()) < FEWEST:
            continue
        factor, cosine, rows, scale = (each[usable] for each in (factor, cosine, rows, scale))
        scale = np.where(np.isfinite(scale) & (scale > 0.0), scale, _recorded_scale(history))
        of_a_row = _grown(factor, cosine, rows)
        usual = _most_common(rows)
        whole, unscaled = agreed(factor, cosine), agreed(factor / scale, cosine)
        if of_a_row is not None:
            whole = of_a_row * usual
            unscaled = whole / float(scale[-1])
        return Tape(
            factor=whole,
            unscaled=unscaled,
            of_a_row=of_a_row,
            rows=usual,
            of_keras=bool((own[usable] == 1.0).all()),
            scale=float(scale[-1]),
            cosine=float(cosine.min()),
            steps=(int(gradient.steps[usable][0]), int(gradient.steps[usable][-1])),
        )
    return None


def step_of(history: ModelHistory, tape: Tape) -> Step | None:
    """The step that is made of it, over all replicas; None where that is not known."""
    applied, replicas = applied_gradient(history), float(max(history.facts.replicas, 1))
    scaled = not near(tape.scale, 1.0)
    if applied is None:
        times, passes = 1.0, 1.0
        if scaled and not history.facts.keras_3:
            return None  # the program may divide by the scale, or not
    else:
        known = _times(applied, clipped_too=not scaled)
        if known is None:
            return None
        times, passes = known
    # an optimizer of Keras 3 divides whatever it is given
    divided = tape.unscaled if history.facts.keras_3 else tape.factor
    if divided is None:
        return None
    factor = divided * times * passes * replicas
    right = factor * tape.scale if history.facts.keras_3 else factor / tape.scale
    in_part = factor if scaled and near(right, 1.0) else None
    return Step(factor=factor, passes=passes, in_part=in_part)


def _times(applied: Applied, *, clipped_too: bool) -> tuple[float, float] | None:
    """The number of times that what came back is in what is given, and the passes of a step."""
    if not np.isfinite(applied.passes):
        return None
    if applied.factor is None:
        return (1.0, applied.passes) if clipped_too and applied.passes == 1 else None
    return applied.factor, applied.passes


def _grown(factor: Floats, cosine: Floats, rows: Floats) -> float | None:
    """The factor of each row, where one explains all records, of several sizes; else None."""
    if len(np.unique(rows)) < 2 or (cosine < SAME_DIRECTION).any() or _same(factor):
        return None
    by_row = factor / rows
    return float(np.median(by_row)) if _same(by_row) else None


def _same(values: Floats) -> bool:
    middle = float(np.median(values))
    return bool((np.abs(values - middle) <= WITHIN * abs(middle)).all())


def _most_common(rows: Floats) -> float:
    sizes, counts = np.unique(rows, return_counts=True)
    return float(sizes[np.argmax(counts)])


def _recorded_scale(history: ModelHistory) -> float:
    scale = float(newest(history.model("loss_scale")))
    return scale if np.isfinite(scale) and scale > 0.0 else 1.0

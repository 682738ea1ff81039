"""The measured gradients, in numbers and in one plain sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tb_bnplugin.dashboard.payload.values import Json, number
from tb_bnplugin.diagnose.evidence.applied import Applied, applied_gradient
from tb_bnplugin.diagnose.evidence.gradients import (
    SAME_DIRECTION,
    measured_gradient,
    usable_records,
)
from tb_bnplugin.diagnose.evidence.losses import near
from tb_bnplugin.history.model import GradientHistory, ModelHistory
from tb_bnplugin.printed import num


def loss_gradients(history: ModelHistory) -> dict[str, Json]:
    """`LossGradient` by the name of its loss, where one was measured."""
    rows = {each.name: _loss_gradient(history, each) for each in history.gradients}
    return {name: row for name, row in rows.items() if row is not None}


def applied_row(history: ModelHistory) -> Json | None:
    """`AppliedGradient`: what reaches the optimizer; None where too few steps were measured."""
    found = applied_gradient(history)
    if found is None:
        return None
    return {
        "steps": list(found.steps),
        "factor": number(found.factor),
        "reduced": number(found.reduced),
        "passes": number(found.passes),
        "reading": _applied_reading(found, max(history.facts.replicas, 1)),
    }


def _loss_gradient(history: ModelHistory, gradient: GradientHistory) -> Json | None:
    factor, cosine, steps = usable_records(gradient)
    if not len(steps):
        return None
    # The rules' own reading of it, so that the page and a finding never say two things.
    agreed = measured_gradient(replace(history, gradients=(gradient,)))
    smallest = float(cosine.min())
    replicas = max(history.facts.replicas, 1)
    begin = "what is differentiated"
    if replicas > 1:
        begin += f", summed over {replicas} replicas,"
    each = replicas * factor
    if smallest < SAME_DIRECTION:
        reading = f"{begin} is no multiple of Keras' mean: the cosine is {num(smallest)}"
    elif agreed is None:
        low, high = float(each.min()), float(each.max())
        reading = f"{begin} = {num(low)} to {num(high)} x Keras' mean, not the same at each record"
    else:
        reading = f"{begin} = {_times(agreed.factor)}Keras' mean"
    return {
        "steps": steps[[0, -1]].tolist(),
        "factor": None if agreed is None else number(agreed.factor),
        "cosine": number(smallest),
        "reading": reading,
    }


def _applied_reading(found: Applied, replicas: int) -> str:
    begin, passes = "given", found.passes
    came = "what the backward passes gave"
    if passes == 1:
        came = "what the backward pass gave"
    elif np.isfinite(passes):
        came = f"the sum of {num(passes)} backward passes"
    if found.factor is not None:
        return f"{begin} {_times(found.factor)}{came}"
    if found.reduced is not None:
        return f"{begin} {_times(found.reduced)}{came}, summed over {replicas} replicas"
    return f"{begin} no fixed multiple of {came}: it is clipped, or of several losses"


def _times(factor: float) -> str:
    return "" if near(factor, 1.0) else f"{num(factor)} x "

"""Statistics in half precision stand still although the layer trains.

What it sees:
    Layers whose moving mean and variance are kept in float16 or bfloat16, run in training mode,
    and of which one no longer changes in more than half of the channels.

Why it matters:
    An update adds `(1 - momentum) * (batch - moving)`. In half precision it is rounded off where
    it is smaller than half the distance to the next number: with bfloat16 and a momentum of 0.99
    the statistics stop as much as 39 % off, and evaluation differs from training for good.

How it decides:
    The statistics are float16 or bfloat16; half a unit in the last place, divided by 1 - momentum,
    allows an error of more than a tenth; and since the first execution in training mode that left
    the mean or the variance of more than half of the channels (with a variance other than 0) as
    it was, at least half of the executions did, of twelve or more.

What to do:
    Keep the statistics in float32, by the mixed policy instead of the pure one:

        keras.config.set_dtype_policy("mixed_bfloat16")

    or only for these layers: `BatchNormalization(dtype="float32")`.

When it is fine:
    Never, for statistics that evaluation uses. With the mixed policies, and in tf_keras, they are
    float32 anyway.

References:
    https://github.com/keras-team/keras/issues/9582,
    https://github.com/keras-team/keras/issues/11605,
    https://keras.io/api/mixed_precision/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    Mask,
    count,
    count_layers,
    missing_evidence,
    movable,
    newest,
    paths,
    steps_from,
    updates_since_start,
)
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory

RULE: Final = Rule(code="BN205", name="low-precision-stall", severity="warning")

HALF_UNIT: Final = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
"""Half a unit in the last place, relative to the value: what an update must exceed."""

ERROR_AT_LEAST: Final = 0.1
"""Relative error that a stall can leave; less does no harm that shows."""

UPDATES_AT_LEAST: Final = 12
"""Executions since the first that changed nothing: a few equal ones are chance."""

STALLED_SHARE: Final = 0.5
"""Of these executions, that changed nothing in most channels."""


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether half precision keeps the statistics from following."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    error = _possible_error(history)
    coarse = error > ERROR_AT_LEAST
    if not coarse.any():
        return (RULE.ok("The statistics are kept in a precision that follows their updates."),)
    if not (updates_since_start(history)[-1][coarse] >= UPDATES_AT_LEAST).any():
        return (RULE.not_checked(f"fewer than {UPDATES_AT_LEAST} updates yet: train on"),)
    stalled = count(history, "stalled_executions")
    of = count(history, "low_precision_updates")
    wrong = coarse & (of >= UPDATES_AT_LEAST) & (stalled >= STALLED_SHARE * of)
    if not wrong.any():
        return (RULE.ok("The statistics follow their updates although they are half precision."),)
    return (_finding(history, np.asarray(wrong, bool), stalled, of, error),)


def _possible_error(history: ModelHistory) -> Floats:
    """Relative error [layers] at which updates are rounded off; 0 where that is no matter."""
    error = np.zeros(len(history.facts.layers))
    for index, layer in enumerate(history.facts.layers):
        half_unit = HALF_UNIT.get(layer.dtype or "", 0.0)
        if layer.momentum is not None and 0.0 <= layer.momentum < 1.0:
            error[index] = half_unit / (1.0 - layer.momentum)
    return error * movable(history)


def _finding(
    history: ModelHistory, wrong: Mask, stalled: Floats, of: Floats, error: Floats
) -> Outcome:
    layer = history.facts.layers[int(np.flatnonzero(wrong)[0])]
    return RULE.finding(
        message=(
            f"{count_layers(history, wrong)} kept statistics in {layer.dtype} that stood still in"
            f" {int(stalled[wrong].max())} of the last {int(of[wrong].max())} updates: they may"
            f" stay {error[wrong].max():.0%} off."
        ),
        fix=(
            f'Keep them in float32: the policy "mixed_{layer.dtype}" instead of "{layer.dtype}", or'
            ' `BatchNormalization(dtype="float32")`.'
        ),
        evidence={
            "layers": int(wrong.sum()),
            "layers_in_model": len(history.facts.layers),
            "dtype": layer.dtype,
            "stalled_executions": int(stalled[wrong].max()),
            "training_executions": int(of[wrong].max()),
            "relative_error_possible": round(float(error[wrong].max()), 4),
        },
        layers=paths(history, wrong),
        steps=steps_from(history, newest(history.layer("stalled_first_step"))[wrong]),
    )

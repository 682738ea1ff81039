"""Statistics in half precision do not change although the layer trains.

What it sees:
    Layers that run in training mode with moving mean and variance in float16 or bfloat16, one of
    which no longer changes in more than half of the channels.

Why it matters:
    An update adds `(1 - momentum) * (batch - moving)`. Half precision rounds it off where it is
    smaller than half the distance to the next number. With bfloat16 and a momentum of 0.99 the
    statistics stop up to 39 % off, and evaluation differs from training for good.

How it decides:
    The statistics are float16 or bfloat16. Half a unit in the last place, divided by 1 - momentum,
    allows an error of more than a tenth. And at least half of the executions in training mode left
    the mean or the variance of more than half of the channels (with a variance other than 0) as it
    was, of twelve or more since the first that did.

What to do:
    Keep the statistics in float32, with the mixed policy instead of the pure one:

        keras.config.set_dtype_policy("mixed_bfloat16")

    or only for these layers: `BatchNormalization(dtype="float32")`.

When it is fine:
    Never, if evaluation uses the statistics. With the mixed policies, and in tf_keras, they are
    float32 anyway.

References:
    https://github.com/keras-team/keras/issues/9582,
    https://github.com/keras-team/keras/issues/11605,
    https://keras.io/api/mixed_precision/
"""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.evidence.layers import chosen, count, updates_since_start
from tb_bnplugin.diagnose.evidence.momentum import rounding_error
from tb_bnplugin.diagnose.needs import COUNTED
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

# The recorder decides that most channels of a layer did not change in an execution.
RULE: Final = Rule(code="BN205", name="low-precision-stall", severity="warning", needs=(COUNTED,))

ERROR_AT_LEAST: Final = 0.1
"""Relative error that can be left. A smaller one does no harm that shows."""

UPDATES_AT_LEAST: Final = 12
"""Executions since the first that changed nothing: a few equal ones are chance."""

STALLED_SHARE: Final = 0.5
"""Of these executions, that changed nothing in most channels."""


def check(history: ModelHistory) -> Outcome:
    """Look for half precision that rounds the updates off."""
    error = rounding_error(history)
    coarse = error > ERROR_AT_LEAST
    if not coarse.any():
        return RULE.ok("The statistics are precise enough for their updates.")
    if not (updates_since_start(history)[-1][coarse] >= UPDATES_AT_LEAST).any():
        return RULE.not_checked(f"Needs {UPDATES_AT_LEAST} updates. Train longer.")
    stalled, of = count(history, "stalled_executions"), count(history, "low_precision_updates")
    wrong = coarse & (of >= UPDATES_AT_LEAST) & (stalled >= STALLED_SHARE * of)
    if not wrong.any():
        return RULE.ok("The statistics follow their updates although they are half precision.")
    dtype = chosen(history, wrong)[0].dtype
    return RULE.layer_finding(
        history,
        wrong,
        f"kept statistics in {dtype} that did not change in {int(stalled[wrong].max())} of the last"
        f" {int(of[wrong].max())} updates: they may stay {error[wrong].max():.0%} off.",
        fix=(
            f'Keep them in float32: use the policy "mixed_{dtype}" instead of "{dtype}", or'
            ' `BatchNormalization(dtype="float32")`.'
        ),
        evidence={
            "dtype": dtype,
            "stalled_executions": int(stalled[wrong].max()),
            "training_executions": int(of[wrong].max()),
            "relative_error_possible": round(float(error[wrong].max()), 4),
        },
        since="stalled_first_step",
    )

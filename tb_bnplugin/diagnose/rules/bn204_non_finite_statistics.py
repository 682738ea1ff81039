"""Moving statistics are NaN or infinite, or a moving variance is below zero.

What it sees:
    A moving mean or variance that is not finite, or a negative moving variance, in any channel.

Why it matters:
    Training mode does not read the moving statistics, so training goes on as if nothing were
    wrong. In inference mode every output is NaN, and an average that was NaN once stays NaN.

How it decides:
    Every record keeps the first record step with such a value, so that none is missed. The newest
    record tells a negative variance from one that is not finite.

What to do:
    Negative variance: use a momentum between 0 and 1. Not finite: find the values that were not
    finite in the layer's input (the loss diverged, a batch had one value per channel, float16
    overflowed), correct them, and start again from a checkpoint before that step.

When it is fine:
    Never.

References:
    https://github.com/keras-team/keras/issues/9646,
    https://github.com/tensorflow/tensorflow/issues/34062,
    https://github.com/keras-team/keras/pull/23623
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask, newest
from tb_bnplugin.diagnose.evidence.momentum import outside_range
from tb_bnplugin.diagnose.needs import RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule, steps_since
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN204", name="non-finite-statistics", severity="error", needs=(RECORDS,))


def check(history: ModelHistory) -> Outcome:
    """Look for moving statistics that inference mode cannot use."""
    if "invalid_first_step" not in history.layer_columns:
        return RULE.not_checked("The log does not have the column invalid_first_step.")
    first_steps = newest(history.layer("invalid_first_step"))
    wrong = np.isfinite(first_steps)
    if not wrong.any():
        return RULE.ok("All moving statistics are finite, and no variance is negative.")
    negative = wrong & (history.layer("variance_min")[-1] < 0)
    outside = wrong & outside_range(history)
    first, last = steps_since(history, wrong, "invalid_first_step")
    weights_finite = not (history.model("weights_finite") == 0).any()
    kind = "a negative moving variance" if negative.any() else "NaN or infinite statistics"
    first_layer = history.facts.layers[int(np.argmin(np.where(wrong, first_steps, np.inf)))]
    return RULE.layer_finding(
        history,
        wrong,
        f"had {kind} from step {first} on. Inference mode gives NaN.",
        fix=_fix(outside=outside, negative=negative, weights_finite=weights_finite),
        evidence={
            "layers_with_negative_variance": int(negative.sum()),
            "layers_with_momentum_outside_0_1": int(outside.sum()),
            "first_step": first,
            "first_layer": first_layer.path,
            "weights_finite": weights_finite,
        },
        steps=(first, last),
    )


def _fix(*, outside: Mask, negative: Mask, weights_finite: bool) -> str:
    if outside.any():
        return "Build the model again with a momentum between 0 and 1: `momentum=0.99`."
    if negative.any():
        return (
            "A variance below 0 was written or loaded: check the code that assigns the moving"
            " variance, and start again from a checkpoint before that step."
        )
    weights = " The weights are not finite either: lower the learning rate, or set `clipnorm=1.0`."
    return (
        "Start again from a checkpoint before that step, and check the batch of that step for NaN"
        " or huge inputs, one value per channel, or float16 that overflows."
        f"{'' if weights_finite else weights}"
    )

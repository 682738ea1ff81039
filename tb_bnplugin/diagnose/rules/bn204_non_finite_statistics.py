"""Moving statistics that are NaN or infinite, or a moving variance below zero.

What it sees:
    A moving mean or variance that is not finite, or a negative moving variance, in any channel.

Why it matters:
    Training may go on as if nothing were wrong, since training mode does not read the moving
    statistics. In inference mode every output is NaN, and an average that has once been NaN
    stays NaN.

How it decides:
    The first record step with such a value is kept in every record, so that none is missed. The
    newest record tells a negative variance from one that is not finite.

What to do:
    Negative variance: the momentum must lie between 0 and 1. Not finite: find what was not finite
    in the layer's input at that step (the loss diverged, a batch had one value per channel, float16
    overflowed), mend it, and begin again from a checkpoint before that step.

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

from tb_bnplugin.diagnose.evidence.layers import (
    Mask,
    count_layers,
    missing_evidence,
    newest,
    paths,
    steps_from,
)
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN204", name="non-finite-statistics", severity="error")


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether any moving statistic is not a number that inference mode can use."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    if "invalid_first_step" not in history.layer_columns:
        return (RULE.not_checked("the log does not hold the column invalid_first_step"),)
    first_steps = newest(history.layer("invalid_first_step"))
    wrong = np.isfinite(first_steps)
    if not wrong.any():
        return (RULE.ok("All moving statistics are finite, and no variance is negative."),)
    negative = wrong & (history.layer("variance_min")[-1] < 0)
    outside = _momentum_outside(history, wrong)
    first, last = steps_from(history, first_steps[wrong])
    weights_broke = bool((history.model("weights_finite") == 0).any())
    kind = "a negative moving variance" if negative.any() else "NaN or infinite statistics"
    return (
        RULE.finding(
            message=(
                f"{count_layers(history, wrong)} had {kind} from step {first} on;"
                " inference mode gives NaN."
            ),
            fix=_fix(outside=outside, negative=negative, weights_broke=weights_broke),
            evidence={
                "layers": int(wrong.sum()),
                "layers_in_model": len(history.facts.layers),
                "layers_with_negative_variance": int(negative.sum()),
                "layers_with_momentum_outside_0_1": int(outside.sum()),
                "first_step": first,
                "first_layer": history.facts.layers[
                    int(np.nanargmin(np.where(wrong, first_steps, np.nan)))
                ].path,
                "weights_finite": not weights_broke,
            },
            layers=paths(history, wrong),
            steps=(first, last),
        ),
    )


def _momentum_outside(history: ModelHistory, wrong: Mask) -> Mask:
    momenta = [layer.momentum for layer in history.facts.layers]
    odd = [momentum is not None and not 0.0 <= momentum <= 1.0 for momentum in momenta]
    return np.asarray(wrong & np.array(odd, bool))


def _fix(*, outside: Mask, negative: Mask, weights_broke: bool) -> str:
    if outside.any():
        return (
            "The momentum must lie between 0 and 1: `BatchNormalization(momentum=0.99)`. Build the"
            " model again; statistics that went wrong do not recover."
        )
    if negative.any():
        return (
            "A variance below 0 was written or loaded: check what assigns the moving variance, and"
            " begin again from a checkpoint before that step."
        )
    also = (
        " The weights are not finite either: lower the learning rate or clip the gradients,"
        " `optimizer = SGD(0.001, clipnorm=1.0)`."
    )
    return (
        "Begin again from a checkpoint before that step, and look at the batch of that step: NaN or"
        " huge inputs, one value per channel, float16 that overflows."
        f"{also if weights_broke else ''}"
    )

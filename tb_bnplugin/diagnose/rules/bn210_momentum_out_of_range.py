"""With a momentum below 0 or above 1, the moving statistics diverge.

What it sees:
    Layers with a momentum outside [0, 1] that run in training mode.

Why it matters:
    `moving = momentum * moving + (1 - momentum) * batch` is an average only for a momentum from 0
    to 1. With 1.1 the variance is negative after the first steps. Training stays finite, since it
    uses the batch, and evaluation gives NaN. Keras accepts any number.

How it decides:
    The momentum that was recorded is below 0 or above 1, and the layer ran in training mode.
    Before that nothing has gone wrong yet, and the rule is not checked.

What to do:
    Use 0.99 (Keras' default) or 0.9. Frameworks differ in what they call momentum: PyTorch's 0.1 is
    0.9 here.

When it is fine:
    Never.

References:
    https://github.com/keras-team/keras/pull/23623,
    https://github.com/keras-team/keras/issues/6839
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import updates_since_start
from tb_bnplugin.diagnose.evidence.momentum import momenta, outside_range
from tb_bnplugin.diagnose.needs import RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import num

RULE: Final = Rule(code="BN210", name="momentum-out-of-range", severity="error", needs=(RECORDS,))


def check(history: ModelHistory) -> Outcome:
    """Look for a momentum that is no share."""
    outside = outside_range(history)
    if not outside.any():
        if not np.isfinite(momenta(history)).any():
            return RULE.not_checked("The momentum of no layer is known.")
        return RULE.ok("Every momentum is between 0 and 1.")
    updates = updates_since_start(history)[-1]
    wrong = outside & (updates > 0)
    if not wrong.any():
        return RULE.not_checked("Layers with a momentum outside 0 to 1 did not train yet.")
    worst = float(momenta(history)[wrong][0])
    return RULE.layer_finding(
        history,
        wrong,
        f"updated the moving statistics with a momentum of {num(worst)}, which is outside 0 to 1:"
        " the statistics diverge.",
        fix=(
            "Build the model again with `momentum=0.99`, or another number between 0 and 1."
            " PyTorch's momentum is one minus that of Keras."
        ),
        evidence={"momentum": worst, "updates": int(updates[wrong].max())},
        since="training_first_step",
    )

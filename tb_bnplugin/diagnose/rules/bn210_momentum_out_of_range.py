"""A momentum below 0 or above 1: the moving statistics do not average, they run away.

What it sees:
    Layers with a momentum outside [0, 1] that run in training mode.

Why it matters:
    `moving = momentum * moving + (1 - momentum) * batch` averages only for a momentum from 0 to 1.
    With 1.1 the variance is negative after the first steps; training stays finite, since it uses
    the batch, and evaluation gives NaN. Keras accepts any number.

How it decides:
    The momentum that was recorded is below 0 or above 1, and the layer was executed in training
    mode. Before that nothing has gone wrong yet, and the rule is not checked.

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

from tb_bnplugin.diagnose.evidence.layers import (
    count_layers,
    missing_evidence,
    newest,
    paths,
    steps_from,
    updates_since_start,
)
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN210", name="momentum-out-of-range", severity="error")

SMALLEST: Final = 0.0
LARGEST: Final = 1.0


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether the momentum lets the statistics average."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    momenta = np.array(
        [np.nan if m is None else m for m in (layer.momentum for layer in history.facts.layers)]
    )
    outside = (momenta < SMALLEST) | (momenta > LARGEST)
    if not outside.any():
        if not np.isfinite(momenta).any():
            return (RULE.not_checked("the momentum of no layer is known"),)
        return (RULE.ok("Every momentum lies from 0 to 1."),)
    wrong = outside & (updates_since_start(history)[-1] > 0)
    if not wrong.any():
        return (RULE.not_checked("layers with such a momentum did not run in training mode yet"),)
    worst = float(momenta[wrong][0])
    return (
        RULE.finding(
            message=(
                f"{count_layers(history, np.asarray(wrong, bool))} updated the moving statistics"
                f" with a momentum of {worst:g}, outside 0 to 1: they run away."
            ),
            fix="Use `momentum=0.99` or 0.9; PyTorch's momentum is one minus Keras'.",
            evidence={
                "layers": int(wrong.sum()),
                "layers_in_model": len(history.facts.layers),
                "momentum": worst,
                "updates": int(updates_since_start(history)[-1][wrong].max()),
            },
            layers=paths(history, np.asarray(wrong, bool)),
            steps=steps_from(history, newest(history.layer("training_first_step"))[wrong]),
        ),
    )

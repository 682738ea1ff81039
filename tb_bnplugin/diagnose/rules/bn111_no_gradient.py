"""Trainable weights never change while others are trained.

What it sees:
    Trainable weights of the model, of any layer, that have not changed in any bit although the
    rest of the model has been trained for five steps or more.

Why it matters:
    This is often a mistake: the output of a layer is not used (`x = self.conv(inputs)` and then
    `x = self.bn(inputs)`), so that the layer is called and appears in the summary, but has no
    effect. Or the optimizer got only some of the weights, or a part was unfrozen too late.

How it decides:
    Each trainable weight is compared as a whole, by the sum of its bits: five steps after it first
    appeared, then each time the steps have doubled and at the end of each epoch, until it has
    changed. Weight decay and regularizers change weights too, and hide the fault.

What to do:
    Check how `call` uses the output of the layer. If only a part of the model should train, set
    `trainable = False` on the rest.

When it is fine:
    A head or a branch that is trained later, and optimizers that get a list of weights on
    purpose: always an info.

References:
    https://keras.io/guides/making_new_layers_and_models_via_subclassing/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.fixes import freeze
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN111", name="no-gradient", severity="info", explained_by=("BN105",))

NAMED_AT_MOST: Final = 3
"""Weights that the message names; the evidence has their number."""


def check(history: ModelHistory) -> Outcome:
    """Look for trainable weights that training does not change."""
    weights = history.facts.weights
    if weights.checked_step is None:
        return RULE.not_checked("Needs five steps of training that were watched.")
    changes = (history.model("weight_changes"), history.layer("gamma_beta_changes"))
    if not (changes[0] > 0).any() and not np.nan_to_num(changes[1]).any():
        return RULE.not_checked("No weight was trained between the records.")
    unchanged = weights.unchanged
    if not unchanged:
        return RULE.ok("Every trainable weight has changed.")
    if len(unchanged) >= weights.trainable:
        return RULE.not_checked("No trainable weight had changed when they were last compared.")
    named = ", ".join(unchanged[:NAMED_AT_MOST])
    more = len(unchanged) - NAMED_AT_MOST
    return RULE.finding(
        message=(
            f"{len(unchanged)} of {weights.trainable} trainable weights have not changed by"
            f" step {weights.checked_step}, while others were trained: {named}"
            f"{f' and {more} more' if more > 0 else ''}."
        ),
        fix=_fix(history),
        evidence={
            "weights": len(unchanged),
            "trainable_weights": weights.trainable,
            "looked_at_step": weights.checked_step,
            "first_weight": unchanged[0],
        },
        steps=(int(history.steps[0]) if len(history.steps) else 0, weights.checked_step),
    )


def _fix(history: ModelHistory) -> str:
    if history.facts.trained_by == "fit":
        late = " Where `trainable` was set after `compile`, call `model.compile(...)` again."
    else:
        late = " Take the gradients of `model.trainable_variables`, and apply all of them."
    return (
        "Check that `call` uses the output of these layers, and that it is not 0 for every row (a"
        f" ReLU of negative values passes no gradient).{late} If they should not train,"
        f" {freeze(history)}."
    )

"""Trainable weights that no update reaches, while others are trained.

What it sees:
    Trainable weights of the model, of any layer, that have not changed in any bit although the
    rest of the model has been trained for five steps or more.

Why it matters:
    Often a slip: the output of a layer is not handed on (`x = self.conv(inputs)` and then
    `x = self.bn(inputs)`), so that the layer is called, shows up in the summary, and takes no
    part. Or the optimizer was given only some of the weights, or a part was unfrozen too late.

How it decides:
    Each trainable weight is looked at as a whole, by the sum of its bits: five steps after it was
    first seen, then whenever the steps have doubled and at the end of an epoch, until it has
    changed. Weight decay and regularizers move weights too, and hide the fault.

What to do:
    Look at how the layer's output is used in `call`. Where only a part is to be trained, set
    `trainable = False` on the rest, which says so.

When it is fine:
    A head or a branch that is trained later, and optimizers that are given a list of weights on
    purpose: always an info.

References:
    https://keras.io/guides/making_new_layers_and_models_via_subclassing/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN111", name="no-gradient", severity="info")

NAMED_AT_MOST: Final = 3
"""Weights that the message names; the evidence has their number."""


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether there are trainable weights that training does not reach."""
    facts = history.facts
    if facts.weights_checked_step is None:
        return (RULE.not_checked("no five steps of training were watched yet"),)
    if not (history.model("weight_changes") > 0).any() and not _affine_learns(history):
        return (RULE.not_checked("no weight was trained between the records"),)
    unreached = facts.unchanged_weights
    if not unreached:
        return (RULE.ok("Every trainable weight has changed."),)
    if len(unreached) >= facts.trainable_weights:
        return (RULE.not_checked("no trainable weight has changed by the last look"),)
    named = ", ".join(unreached[:NAMED_AT_MOST])
    more = len(unreached) - NAMED_AT_MOST
    return (
        RULE.finding(
            message=(
                f"{len(unreached)} of {facts.trainable_weights} trainable weights have not changed"
                f" by step {facts.weights_checked_step}, while others were trained: {named}"
                f"{f' and {more} more' if more > 0 else ''}."
            ),
            fix=(
                "Look whether the output of these layers is used in `call`, and whether the"
                " optimizer is given these weights; where they are not to be trained, set"
                " `trainable = False`."
            ),
            evidence={
                "weights": len(unreached),
                "trainable_weights": facts.trainable_weights,
                "looked_at_step": facts.weights_checked_step,
                "first_weight": unreached[0],
            },
            steps=(int(history.steps[0]) if len(history.steps) else 0, facts.weights_checked_step),
        ),
    )


def _affine_learns(history: ModelHistory) -> bool:
    return bool(np.nan_to_num(history.layer("gamma_beta_changes")).any())

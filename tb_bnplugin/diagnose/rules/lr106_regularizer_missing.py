"""The model's weights have regularizers, and the loss that is differentiated leaves them out.

What it sees:
    Loops whose differentiated loss equals the loss of labels and predictions alone, while the
    regularizers of the model's trainable weights add up to something.

Why it matters:
    `fit` adds `model.losses` to the loss by itself; a loop must. Where it does not, `l2(0.01)` in
    a layer does nothing at all, and the same model overfits in the loop and not in `fit`.

How it decides:
    `summary.loss_reduction(..., value=loss)` records the loss on labels and predictions, the value
    that was differentiated, and the sum of the regularizers. Where the regularizers are at least
    2 % of the loss, and the value lies within a quarter of them from the loss without them, in
    all records, they are missing. In `fit` with Keras' own step they are there.

What to do:
    Add them inside the tape:

        loss = loss_fn(y, y_pred) + tf.add_n(model.losses)

When it is fine:
    Weight decay by the optimizer instead; then drop the regularizers from the layers, or declare
    `expect=("LR106",)`.

References:
    https://github.com/tensorflow/tensorflow/issues/33635,
    https://keras.io/guides/writing_a_custom_training_loop_in_tensorflow/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import settle
from tb_bnplugin.diagnose.evidence.losses import NOTHING_MEASURED, loss_column
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import LossHistory, ModelHistory

RULE: Final = Rule(code="LR106", name="regularizer-missing", severity="warning")

SHARE_AT_LEAST: Final = 0.02
"""Of the loss: four times the tolerance of two sums of the same terms in bfloat16."""

WITHIN: Final = 0.25
"""Share of the regularizers: the weights have moved by one step when they are summed."""


def check(history: ModelHistory) -> tuple[Outcome, ...]:
    """Whether regularizers are left out, one outcome a loss."""
    if history.facts.trained_by == "fit" and history.facts.own_train_step is False:
        return (RULE.ok("`fit` adds the regularizers to the loss."),)
    if not history.losses:
        return (RULE.not_checked(NOTHING_MEASURED),)
    return settle(_check_loss(loss) for loss in history.losses)


def _check_loss(loss: LossHistory) -> Outcome:
    value, measured = loss_column(loss, "value_given"), loss_column(loss, "measured")
    terms = loss_column(loss, "regularization")
    if not np.isfinite(terms).any():
        return RULE.not_checked(
            f"{loss.name}: no model is known to look for regularizers in; call"
            " tb_bnplugin.watch(model) before the loss is measured"
        )
    if not (np.nan_to_num(terms) > 0).any():
        return RULE.ok("The trainable weights have no regularizers.")
    usable = np.isfinite(value) & np.isfinite(measured) & (terms >= SHARE_AT_LEAST * abs(measured))
    usable &= terms > 0
    if not usable.any():
        return RULE.not_checked(
            f"{loss.name}: what was differentiated is not known, or the regularizers are too small"
            " beside it: pass it, tb_bnplugin.summary.loss_reduction(..., value=loss)"
        )
    away = np.abs(value - measured)[usable] / terms[usable]
    if not (away <= WITHIN).all():
        return RULE.ok(f"{loss.name} as differentiated holds more than labels and predictions.")
    steps = loss.steps[usable]
    return RULE.finding(
        message=(
            f"{loss.name} was differentiated without the regularizers of the model's weights,"
            f" which add up to {terms[usable][-1]:.4g} beside a loss of"
            f" {measured[usable][-1]:.4g}."
        ),
        fix="Add them inside the tape: `loss = loss_fn(y, y_pred) + tf.add_n(model.losses)`.",
        evidence={
            "loss": loss.name,
            "value": float(value[usable][-1]),
            "measured": float(measured[usable][-1]),
            "regularization": float(terms[usable][-1]),
        },
        steps=(int(steps[0]), int(steps[-1])),
    )

"""The model's weights have regularizers, and the loss that is differentiated leaves them out.

What it sees:
    Loops that differentiate the loss of labels and predictions alone, while the regularizers of
    the model's trainable weights are not 0.

Why it matters:
    `fit` adds `model.losses` to the loss; your own loop must do so too. Without them, `l2(0.01)` in
    a layer has no effect, and the same model overfits in the loop and not in `fit`.

How it decides:
    `summary.loss_reduction(..., value=loss)` records the loss, the value that was differentiated,
    and the sum of the regularizers. In all records, that sum is at least 2 % of the loss, and the
    value differs from the loss by at most a quarter of it. Keras' own step in `fit` is ok.

What to do:
    Add them inside the tape:

        loss = loss_fn(y, y_pred) + tf.add_n(model.losses)

When it is fine:
    If the optimizer does weight decay instead: remove the regularizers, or `expect=("LR106",)`.

References:
    https://github.com/tensorflow/tensorflow/issues/33635,
    https://keras.io/guides/writing_a_custom_training_loop_in_tensorflow/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.losses import loss_column, steps_of, value_at
from tb_bnplugin.diagnose.needs import LOSSES
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import LossHistory, ModelHistory

# It asks for losses below: `fit` is ok whether a loss was measured or not.
RULE: Final = Rule(code="LR106", name="regularizer-missing", severity="warning")

SHARE_AT_LEAST: Final = 0.02
"""Of the loss: four times the tolerance of two sums of the same terms in bfloat16."""

WITHIN: Final = 0.25
"""Share of the regularizers: the weights have moved by one step when they are summed."""


def check(history: ModelHistory) -> Outcome | Iterable[Outcome]:
    """Look for regularizers that are left out, one outcome a loss."""
    if history.facts.trained_by == "fit" and history.facts.code.own_train_step is False:
        return RULE.ok("`fit` adds the regularizers to the loss.")
    if not history.losses:
        return RULE.not_checked(LOSSES.reason)
    return (_check_loss(loss) for loss in history.losses)


def _check_loss(loss: LossHistory) -> Outcome:
    value, measured = loss_column(loss, "value_given"), loss_column(loss, "measured")
    terms = loss_column(loss, "regularization")
    if not np.isfinite(terms).any():
        return RULE.not_checked(
            f"The model of {loss.name} is not known. Call tb_bnplugin.watch(model) before the loss"
            " is measured."
        )
    if not (terms > 0).any():
        return RULE.ok("The trainable weights have no regularizers.")
    usable = np.isfinite(value) & np.isfinite(measured) & (terms > 0)
    usable &= terms >= SHARE_AT_LEAST * abs(measured)
    if not usable.any():
        return RULE.not_checked(
            f"The regularizers are too small beside {loss.name}, or the value that was"
            " differentiated is not known: pass it to summary.loss_reduction(..., value=loss)."
        )
    if not (np.abs(value - measured)[usable] / terms[usable] <= WITHIN).all():
        return RULE.ok(f"The differentiated {loss.name} has more terms than that of the labels.")
    return RULE.finding(
        message=(
            f"{loss.name} was differentiated without the regularizers of the model's weights: they"
            f" add up to {terms[usable][-1]:.4g} beside a loss of {measured[usable][-1]:.4g}."
        ),
        fix="Add them inside the tape: `loss = loss_fn(y, y_pred) + tf.add_n(model.losses)`.",
        evidence={
            "loss": loss.name,
            "value": value_at(loss, "value_given", usable),
            "measured": value_at(loss, "measured", usable),
            "regularization": value_at(loss, "regularization", usable),
        },
        steps=steps_of(loss, usable),
    )

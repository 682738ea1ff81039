"""A vector was handed to the gradient tape, which differentiates its sum.

What it sees:
    A loss that returns one value a row (or a pixel), where what was differentiated is the sum of
    these values.

Why it matters:
    `tape.gradient` of a vector is the gradient of its sum, without a word. The step is then larger
    by the number of values than with the mean, and grows with the batch.

How it decides:
    The loss returned more than one element, and the value that the loop says it differentiated
    (`value=`) is their sum within 0.5 %. Without `value` nobody knows what became of the
    vector, and the rule is not checked.

What to do:
    Reduce it before the tape sees it:

        loss = tf.reduce_mean(loss_fn(y, y_pred))

When it is fine:
    Where the sum is meant and the learning rate was found for it.

References:
    https://github.com/tensorflow/tensorflow/issues/54343,
    https://www.tensorflow.org/guide/autodiff#gradients_of_non-scalar_targets
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import settle
from tb_bnplugin.diagnose.evidence.losses import NOTHING_MEASURED, loss_column, near
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import LossHistory, ModelHistory

RULE: Final = Rule(code="LR103", name="vector-loss", severity="warning")


def check(history: ModelHistory) -> tuple[Outcome, ...]:
    """Whether vectors are differentiated as their sum, one outcome a loss."""
    if not history.losses:
        return (RULE.not_checked(NOTHING_MEASURED),)
    return settle(_check_loss(loss) for loss in history.losses)


def _check_loss(loss: LossHistory) -> Outcome:
    elements, value = loss_column(loss, "elements"), loss_column(loss, "value_given")
    measured = loss_column(loss, "measured")
    if (elements == 1).all():
        return RULE.ok(f"{loss.name} returns a scalar.")
    usable = (elements > 1) & np.isfinite(value) & np.isfinite(measured) & (measured != 0.0)
    if not usable.any():
        return RULE.not_checked(
            f"{loss.name} returns a vector, and what was differentiated is not known: pass it,"
            " tb_bnplugin.summary.loss_reduction(..., value=loss)"
        )
    sums = [
        near(float(given), float(total))
        for given, total in zip(value[usable], measured[usable], strict=True)
    ]
    if not all(sums):
        return RULE.ok(f"{loss.name} returns a vector, which is reduced before the tape sees it.")
    steps = loss.steps[usable]
    return RULE.finding(
        message=(
            f"{loss.name} returns {elements[usable][-1]:.6g} values, and their sum was"
            " differentiated, as a tape does with a vector."
        ),
        fix="Reduce it inside the tape: `loss = tf.reduce_mean(loss_fn(y, y_pred))`.",
        evidence={
            "loss": loss.name,
            "elements": float(elements[usable][-1]),
            "value": float(value[usable][-1]),
            "sum": float(measured[usable][-1]),
        },
        steps=(int(steps[0]), int(steps[-1])),
    )

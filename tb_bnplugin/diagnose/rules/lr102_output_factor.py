"""A loss that sums over the outputs of a row where Keras takes their mean.

What it sees:
    A loss that is larger than Keras' mean of the same loss by the number of outputs of a row:
    ten for ten units, the number of pixels for an image.

Why it matters:
    `fit` with "mse" averages over outputs as well as rows. A loop that sums over them trains, with
    an optimizer such as SGD, as if its learning rate were larger by that factor.

How it decides:
    All measurements on batches of the most frequent size agree on the quotient of the loss and
    Keras' mean of it, and it is the number of outputs, which is above 1, within 0.5 %.

What to do:
    Average over the outputs, or know the learning rate that is equal:

        loss = tf.reduce_mean(tf.square(y - y_pred))

When it is fine:
    Where the learning rate was found for this loss; and for Adam and its kin, which cancel it.

References:
    https://keras.io/api/losses/regression_losses/
"""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.evidence.layers import settle
from tb_bnplugin.diagnose.evidence.losses import (
    NOTHING_MEASURED,
    cancels_factors,
    learning_rate,
    measure,
    near,
)
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import LossHistory, ModelHistory

RULE: Final = Rule(code="LR102", name="output-factor", severity="info")


def check(history: ModelHistory) -> tuple[Outcome, ...]:
    """Whether losses sum over outputs, one outcome a loss."""
    if not history.losses:
        return (RULE.not_checked(NOTHING_MEASURED),)
    return settle(_check_loss(history, loss) for loss in history.losses)


def _check_loss(history: ModelHistory, loss: LossHistory) -> Outcome:
    found = measure(history, loss)
    if found is None:
        return RULE.not_checked(f"{loss.name}: every measured value is 0 or not finite")
    if found.factor is None:
        return RULE.not_checked(
            f"{loss.name} is not recognised as one of Keras' losses, or its factor varies, so that"
            " there is no mean to compare with"
        )
    if not found.outputs > 1.0 or not near(found.factor, found.outputs):
        return RULE.ok(f"{loss.name} does not sum over outputs.", evidence={"factor": found.factor})
    rate = learning_rate(history, loss)
    cancels = cancels_factors(history)
    return RULE.finding(
        message=(
            f"{loss.name} is {found.factor:.6g} times Keras' mean: it sums over the"
            f" {found.outputs:.6g} outputs of a row, where Keras averages."
        ),
        fix=(
            f"{history.facts.optimizer} divides the factor out, up to epsilon and clipping; nothing"
            " is to be done."
            if cancels
            else f"With Keras' loss use {_equal(rate, found.factor)} to train alike; or average"
            " over outputs, `tf.reduce_mean(tf.square(y - y_pred))` for a squared error."
        ),
        evidence={
            "loss": loss.name,
            "factor": found.factor,
            "outputs": found.outputs,
            "learning_rate": rate,
            "equal_learning_rate": None if rate is None else rate * found.factor,
        },
        steps=found.steps,
    )


def _equal(rate: float | None, factor: float) -> str:
    if rate is None:
        return f"{factor:.6g} times the learning rate"
    return f"`learning_rate={rate * factor:.4g}`"

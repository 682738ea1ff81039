"""A loss sums over the outputs of a row where Keras takes their mean.

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
    Average over the outputs, or use the equal learning rate:

        loss = tf.reduce_mean(tf.square(y - y_pred))

When it is fine:
    If the learning rate was chosen for this loss; and with Adam and similar optimizers, which
    cancel the factor.

References:
    https://keras.io/api/losses/regression_losses/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.needs import LOSSES
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import LossHistory, ModelHistory

RULE: Final = Rule(code="LR102", name="output-factor", severity="info", needs=(LOSSES,))


def check(history: ModelHistory) -> Iterator[Outcome]:
    """Look for losses that sum over outputs, one outcome a loss."""
    return (_check_loss(history, loss) for loss in history.losses)


def _check_loss(history: ModelHistory, loss: LossHistory) -> Outcome:
    found = losses.measure(history, loss)
    if found is None:
        return RULE.not_checked(f"Every measured value of {loss.name} is 0 or not finite.")
    factor, outputs = found.factor, found.outputs
    if factor is None:
        return RULE.not_checked(
            f"{loss.name} is not recognised as one of Keras' losses, or its factor varies, so"
            " there is no mean to compare with."
        )
    if not outputs > 1.0 or not losses.near(factor, outputs):
        return RULE.ok(f"{loss.name} does not sum over outputs.", evidence={"factor": factor})
    rate = losses.learning_rate(history, loss)
    equal = f"{factor:.6g} times the learning rate"
    if rate is not None:
        equal = f"`learning_rate={rate * factor:.4g}`"
    return RULE.finding(
        message=(
            f"{loss.name} is {factor:.6g} times Keras' mean: it sums over the {outputs:.6g} outputs"
            " of a row, where Keras averages."
        ),
        fix=(
            f"Nothing: {history.facts.optimizer} divides the factor out, up to epsilon and"
            " clipping."
            if losses.cancels_factors(history)
            else f"With Keras' loss use {equal} to train alike. Or average over outputs,"
            " `tf.reduce_mean(tf.square(y - y_pred))` for a squared error."
        ),
        evidence={
            "loss": loss.name,
            "factor": factor,
            "outputs": outputs,
            "learning_rate": rate,
            "equal_learning_rate": None if rate is None else rate * factor,
        },
        steps=found.steps,
    )

"""A loss sets padding to 0 and then takes the mean over all values, padding included.

What it sees:
    A loss of sequences that multiplies the values of padded places by a mask, and divides their sum
    by all places, as `tf.reduce_mean` does.

Why it matters:
    The loss, and with it the step, is smaller by the share of the places that count. That share is
    another one in each batch: a batch of short sequences trains with a smaller learning rate than
    one of long ones, and the loss that is shown depends on how much was padded.

How it decides:
    On the places that have a label of padding (0, -1, -100) the loss is exactly 0, whatever is
    predicted there; and on the others alone it is larger by one over their share, within 0.5 %, in
    all measurements. It is a fact where nine of ten places count, or where the optimizer divides a
    factor out, as Adam does.

    In a `train_step` of the program's own that measures no loss, by the gradient at the
    predictions: the places without one are all those with one label of padding, and no others; and
    on the rest it is the gradient of Keras' mean over all places, with the factor 1.

What to do:
    Divide by the sum of the mask:

        loss = tf.reduce_sum(loss * mask) / tf.reduce_sum(mask)

When it is fine:
    If all batches are padded alike, and the learning rate was chosen for that.

References:
    https://github.com/tensorflow/addons/issues/2637
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.by_gradient import check_places, tell_padding
from tb_bnplugin.diagnose.by_loss import check_differentiated
from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.diagnose.evidence.losses import (
    RELATIVE_TOLERANCE,
    loss_column,
    steps_of,
)
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, LossHistory, ModelHistory

RULE: Final = Rule(code="LR111", name="padding-averaged", severity="warning")

MOST: Final = 0.9
"""Share of the places that count from which on it matters little: less than the noise of a loss."""


def check(history: ModelHistory) -> Iterable[Outcome]:
    """Look for losses that are divided by padding, too, one outcome a loss."""
    return check_differentiated(
        RULE,
        history,
        lambda loss: _check_loss(history, loss),
        lambda rule, of: check_places(rule, of, most=MOST),
    )


def _check_loss(history: ModelHistory, loss: LossHistory) -> Outcome:
    share, ratio = loss_column(loss, "counted_share"), loss_column(loss, "counted_ratio")
    usable = np.isfinite(share) & np.isfinite(ratio)
    if not usable.any():
        return RULE.not_checked(
            f"{loss.name} has one label a row, or weights, or takes no batch of another shape:"
            " which places count is not told by it."
        )
    if (share[usable] == 1.0).all():
        return RULE.ok(f"All places count in {loss.name}.")
    if not (_is_differentiated(loss) | (share == 1.0))[usable].all():
        return RULE.not_checked(
            f"{loss.name} leaves places out, and what is differentiated is another value than it."
        )
    left_out = usable & (share < 1.0)
    if _near(ratio[left_out], np.ones(int(left_out.sum()))):
        return RULE.ok(f"{loss.name} is divided by the places that count.")
    if not _near(ratio[left_out] * share[left_out], np.ones(int(left_out.sum()))):
        return RULE.not_checked(
            f"{loss.name} leaves places out, and is divided neither by all nor by those that count."
        )
    steps = steps_of(loss, left_out)
    return tell_padding(
        RULE, history, f"{loss.name} is", share[left_out], steps, most=MOST, loss=loss.name
    )


def _is_differentiated(loss: LossHistory) -> Mask:
    """The measurements whose loss is itself what the loop differentiates, as far as it says."""
    value, measured = loss_column(loss, "value_given"), loss_column(loss, "measured")
    penalties = np.nan_to_num(loss_column(loss, "regularization"))
    same = np.isnan(value)
    for expected in (measured, measured + penalties):
        same = same | (np.abs(value - expected) <= RELATIVE_TOLERANCE * np.abs(expected))
    return np.asarray(same & (loss_column(loss, "elements") == 1), bool)


def _near(values: Floats, expected: Floats) -> bool:
    return bool((np.abs(values - expected) <= RELATIVE_TOLERANCE * np.abs(expected)).all())

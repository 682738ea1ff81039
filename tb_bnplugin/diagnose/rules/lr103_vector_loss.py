"""The gradient tape got a vector, and differentiates its sum.

What it sees:
    A loss that returns one value a row (or a pixel), where the sum of these values was
    differentiated.

Why it matters:
    `tape.gradient` of a vector is the gradient of its sum, without a warning. The step is then
    larger by the number of values than with the mean, and grows with the batch.

How it decides:
    The loss returned more than one element, and the value that the loop says it differentiated
    (`value=`) is their sum within 0.5 %. Without `value` it is not known how the vector was
    reduced, and the rule is not checked. Where the optimizer divides a factor of the gradient out,
    as Adam does, it is no more than a fact.
    Where no loss was measured, a `train_step` is ok whose gradient at the predictions is that of
    Keras' mean of the compiled loss, one of Keras' own.

What to do:
    Reduce it before the tape differentiates it:

        loss = tf.reduce_mean(loss_fn(y, y_pred))

When it is fine:
    If you want the sum, and chose the learning rate for it.

References:
    https://github.com/tensorflow/tensorflow/issues/54343,
    https://www.tensorflow.org/guide/autodiff#gradients_of_non-scalar_targets
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.by_loss import check_differentiated, differentiates_the_mean
from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.diagnose.evidence.losses import loss_column, near, steps_of, value_at
from tb_bnplugin.diagnose.evidence.optimizer import optimizer_of
from tb_bnplugin.diagnose.fixes import reduce_over_rows
from tb_bnplugin.diagnose.needs import LOSSES, find_missing
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import LossHistory, ModelHistory
from tb_bnplugin.printed import num

RULE: Final = Rule(code="LR103", name="vector-loss", severity="warning")


def check(history: ModelHistory) -> Iterator[Outcome]:
    """Look for vectors that are differentiated as their sum, one outcome a loss."""
    if differentiates_the_mean(history):
        yield RULE.ok(
            "By its gradient, `train_step` differentiates Keras' mean of the compiled loss: no"
            " vector that a tape sums."
        )
    elif missing := find_missing(history, (LOSSES,)):
        yield RULE.not_checked(missing)
    else:
        yield from check_differentiated(RULE, history, lambda loss: _check_loss(history, loss))


def _check_loss(history: ModelHistory, loss: LossHistory) -> Outcome:
    elements, value = loss_column(loss, "elements"), loss_column(loss, "value_given")
    measured = loss_column(loss, "measured")
    if (elements == 1).all():
        return RULE.ok(f"{loss.name} returns a scalar.")
    usable = (elements > 1) & np.isfinite(value) & np.isfinite(measured) & (measured != 0.0)
    if not usable.any():
        return RULE.not_checked(
            f"{loss.name} returns a vector, and the value that was differentiated is not known."
            " Pass it: tb_bnplugin.summary.loss_reduction(..., value=loss)."
        )
    of = list(zip(value[usable], measured[usable], elements[usable], strict=True))
    if all(near(given, total / count) for given, total, count in of):
        return RULE.ok(f"{loss.name} returns a vector, of which the mean is differentiated.")
    if not all(near(given, total) for given, total, _ in of):
        return RULE.not_checked(
            f"{loss.name} returns a vector, and what was differentiated is neither its sum nor its"
            " mean: it has other terms, or another divisor."
        )
    message = (
        f"{loss.name} returns {num(elements[usable][-1])} values, and their sum was differentiated,"
        " which is what a tape takes of a vector"
    )
    evidence: dict[str, EvidenceValue] = {
        "loss": loss.name,
        "elements": value_at(loss, "elements", usable),
        "value": value_at(loss, "value_given", usable),
        "sum": value_at(loss, "measured", usable),
    }
    optimizer = optimizer_of(history)
    if optimizer.cancels:
        return RULE.fact(
            f"{message}{optimizer.though_it_cancels}.",
            evidence=evidence,
            steps=steps_of(loss, usable),
        )
    return RULE.finding(
        message=f"{message}.",
        fix=f"Reduce it inside the tape: {_reduced(loss, usable)}.",
        evidence=evidence,
        steps=steps_of(loss, usable),
    )


def _reduced(loss: LossHistory, usable: Mask) -> str:
    replicas = value_at(loss, "replicas", usable)
    return reduce_over_rows(replicas, "loss_fn(y, y_pred)").replace("`tf.", "`loss = tf.", 1)

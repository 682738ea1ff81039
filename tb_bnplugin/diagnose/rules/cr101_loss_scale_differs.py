"""Two runs train the same loss at scales that differ by a constant factor.

What it sees:
    Two runs that train the same loss (mean squared error, for example), where one takes the mean
    over everything and the other sums over outputs or over the batch. The values, and with them
    the gradients, differ by a constant factor.

Why it matters:
    The step of an optimizer such as SGD is the learning rate times the gradient, so a loss ten
    times as large trains as with ten times the learning rate. Two programs that look alike, `fit`
    and your own loop, then train differently for no visible reason.

How it decides:
    In each run the loss was measured on its own labels and predictions, and so was Keras' mean of
    the same loss on the same values. All measurements on batches of the most frequent size agree
    on the factor between the two within 0.5 %. It is a finding where the two factors differ by
    more than 3 %: counts of outputs, rows and replicas differ by at least that until there
    are more than 32 of them, and rounding does not. The factor of one replica's loss counts once
    for each replica, since their gradients are summed. Loss curves are never compared. Where the
    learning rates make up for the quotient it is ok. With optimizers that divide a gradient by
    its own size, such as Adam, it is an info, since the factor cancels.

What to do:
    Use the same reduction in both programs, or multiply the learning rate by the quotient that
    the finding names.

When it is fine:
    If the learning rate of each program was tuned for its own loss.

References:
    https://github.com/tensorflow/tensorflow/issues/45923,
    https://keras.io/api/losses/,
    https://www.tensorflow.org/tutorials/distribute/custom_training
"""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.evidence.losses import (
    Measurement,
    cancels_factors,
    keras_class,
    learning_rate,
    measure,
    near,
)
from tb_bnplugin.diagnose.needs import LOSSES
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="CR101", name="loss-scale-differs", severity="warning", needs=(LOSSES,))

SAME_WITHIN: Final = 0.03
"""Factors are quotients of counts; closer ones than 32 : 33 do not change how a model trains."""


def check(history: ModelHistory, other: ModelHistory) -> Outcome:
    """Compare the scales of the loss that both runs have."""
    # a loop that sums over 10 outputs, learning rate 0.01; `fit` with "mse", learning rate 0.01
    # factors to Keras' mean: 10 and 1, quotient 10
    # the loop trains as `fit` would with 0.01 * 10 = 0.1; if `fit` has 0.1, all is well
    ours, theirs = _by_class(history), _by_class(other)
    shared = [name for name in ours if name in theirs]
    if not shared:
        return RULE.not_checked(
            "The two runs have no loss in common that is recognised as one of Keras' losses, so"
            " there is no scale to compare."
        )
    mine, yours = ours[shared[0]], theirs[shared[0]]
    factor, other_factor = _of_all_replicas(mine), _of_all_replicas(yours)
    if factor is None or other_factor is None or factor * other_factor <= 0:
        return RULE.not_checked(
            "The measurements of a run do not agree on one factor to Keras' mean of the loss."
            " Measure batches of the same size, without sample weights that change."
        )
    quotient = factor / other_factor
    rate, other_rate = learning_rate(history, mine.loss), learning_rate(other, yours.loss)
    evidence: dict[str, EvidenceValue] = {
        "loss": shared[0],
        "factor": factor,
        "other_factor": other_factor,
        "quotient": quotient,
        "learning_rate": rate,
        "other_learning_rate": other_rate,
        "equal_learning_rate_of_other": None if rate is None else rate * quotient,
    }
    if near(quotient, 1.0, SAME_WITHIN):
        return RULE.ok("Both runs scale their loss alike.", evidence=evidence)
    cancels = cancels_factors(history, other)
    made_up = rate is not None and other_rate is not None and near(rate * quotient, other_rate)
    if made_up and not cancels:
        message = (
            f"The loss of {history.run!r} is {quotient:.4g} times that of {other.run!r}, and the"
            " learning rates make up for it."
        )
        return RULE.ok(message, evidence=evidence)
    effect = f"as if the learning rate were {quotient:.4g} times as large"
    if cancels:
        optimizer = history.facts.optimizer or other.facts.optimizer
        effect = f"which {optimizer} divides out, up to epsilon and clipping"
    return RULE.finding(
        message=(
            f"{history.run!r} differentiates {factor:.4g} times Keras' mean of {shared[0]},"
            f" {other.run!r} {other_factor:.4g} times: a factor of {quotient:.4g}, {effect}."
        ),
        fix=(
            "Use the same reduction in both if gradients are clipped, if the loss regularizes"
            " weights, or if the optimizer may change."
            if cancels
            else f"Use the same reduction in both. Or, to train {other.run!r} like {history.run!r},"
            f" give it {_equal(history, quotient, rate, other_rate)}."
        ),
        evidence=evidence,
        steps=mine.steps,
        severity="info" if cancels else None,
    )


def _of_all_replicas(measurement: Measurement) -> float | None:
    """The factor of all that is differentiated: gradients are summed over the replicas."""
    return None if measurement.factor is None else measurement.factor * measurement.replicas


def _by_class(history: ModelHistory) -> dict[str, Measurement]:
    """The first loss of each recognised Keras class that could be measured."""
    found: dict[str, Measurement] = {}
    for loss in history.losses:
        name, measurement = keras_class(loss), measure(history, loss)
        if name is not None and measurement is not None:
            found.setdefault(name, measurement)
    return found


def _equal(
    history: ModelHistory, quotient: float, rate: float | None, other_rate: float | None
) -> str:
    """The learning rate that makes the other run train alike."""
    if rate is not None:
        return f"`learning_rate={rate * quotient:.4g}`"
    equal = f"{quotient:.4g} times the learning rate of {history.run!r}"
    if other_rate is None:
        return equal
    return f"{equal} (`learning_rate={other_rate * quotient:.4g}` if that is {other_rate:.4g})"

"""Two runs of the same loss whose measured scales differ by a constant factor.

What it sees:
    Two runs that train the same loss (mean squared error, say), where one takes the mean over
    everything and the other sums over outputs or over the batch: the values, and the gradients
    with them, differ by a constant factor.

Why it matters:
    The step of an optimizer such as SGD is the learning rate times the gradient, so that a loss
    ten times as large trains with ten times the learning rate. Two programs that look alike,
    `fit` and a loop of one's own, then train differently for no visible reason.

How it decides:
    In each run the loss was measured on its own labels and predictions beside Keras' mean of
    the same loss on the same values, and all measurements on batches of the most frequent size
    agree on the factor between the two within 0.5 %. It is a finding where the two factors differ
    by more than 3 %: counts of outputs, rows and replicas differ by at least that until there
    are more than 32 of them, and rounding does not. The factor of one replica's loss counts once
    for each replica, since their gradients are summed. Loss curves are never compared. Where the
    learning rates make up for the quotient it is ok; for optimizers that divide a gradient by
    its own size (Adam and its kin) it is an info, since the factor cancels.

What to do:
    Use the same reduction in both programs, or multiply the learning rate by the quotient that
    the finding names.

When it is fine:
    The learning rate of each program was tuned for its own loss.

References:
    https://github.com/tensorflow/tensorflow/issues/45923,
    https://keras.io/api/losses/,
    https://www.tensorflow.org/tutorials/distribute/custom_training
"""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.evidence.losses import (
    NOTHING_MEASURED,
    Measurement,
    cancels_factors,
    keras_class_of,
    learning_rate,
    measure,
    near,
)
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="CR101", name="loss-scale-differs", severity="warning")

SAME_WITHIN: Final = 0.03
"""Factors are quotients of counts; closer ones than 32 : 33 do not change how a model trains."""


def check(history: ModelHistory, other: ModelHistory) -> tuple[Outcome]:
    """Whether the two runs scale the same loss differently."""
    for model in (history, other):
        if not model.losses:
            return (RULE.not_checked(f"run {model.run!r}: {NOTHING_MEASURED}"),)
    ours, theirs = _by_class(history), _by_class(other)
    shared = [keras_class for keras_class in ours if keras_class in theirs]
    if not shared:
        return (RULE.not_checked(_NOT_THE_SAME),)
    keras_class = shared[0]
    mine, yours = ours[keras_class], theirs[keras_class]
    factor, other_factor = _of_all_replicas(mine), _of_all_replicas(yours)
    if factor is None or other_factor is None or factor * other_factor <= 0:
        return (RULE.not_checked(_NO_FACTOR),)
    quotient = factor / other_factor
    rate, other_rate = learning_rate(history, mine.loss), learning_rate(other, yours.loss)
    evidence: dict[str, EvidenceValue] = {
        "loss": keras_class,
        "factor": factor,
        "other_factor": other_factor,
        "quotient": quotient,
        "learning_rate": rate,
        "other_learning_rate": other_rate,
        "equal_learning_rate_of_other": None if rate is None else rate * quotient,
    }
    if near(quotient, 1.0, SAME_WITHIN):
        return (RULE.ok("Both runs scale their loss alike.", evidence=evidence),)
    cancels = cancels_factors(history, other)
    made_up = rate is not None and other_rate is not None and near(rate * quotient, other_rate)
    if made_up and not cancels:
        message = (
            f"The loss of {history.run!r} is {quotient:.4g} times that of {other.run!r}, and the"
            " learning rates make up for it."
        )
        return (RULE.ok(message, evidence=evidence),)
    return (
        RULE.finding(
            message=_message(history, other, keras_class, (factor, other_factor)),
            fix=_fix(history, other, quotient, (rate, other_rate)),
            evidence=evidence,
            steps=mine.steps,
            severity="info" if cancels else None,
        ),
    )


def _of_all_replicas(measurement: Measurement) -> float | None:
    """The factor of what is differentiated in all: gradients are summed over the replicas."""
    return None if measurement.factor is None else measurement.factor * measurement.replicas


def _by_class(history: ModelHistory) -> dict[str, Measurement]:
    """The first loss of each recognised Keras class that could be measured."""
    found: dict[str, Measurement] = {}
    for loss in history.losses:
        keras_class = keras_class_of(loss)
        measurement = measure(history, loss)
        if keras_class and measurement is not None:
            found.setdefault(keras_class, measurement)
    return found


def _message(
    history: ModelHistory, other: ModelHistory, keras_class: str, factors: tuple[float, float]
) -> str:
    quotient = factors[0] / factors[1]
    text = (
        f"{history.run!r} differentiates {factors[0]:.4g} times Keras' mean of {keras_class},"
        f" {other.run!r} {factors[1]:.4g} times: a factor of {quotient:.4g}"
    )
    if cancels_factors(history, other):
        optimizer = history.facts.optimizer or other.facts.optimizer
        return f"{text}, which {optimizer} divides out, up to epsilon and clipping."
    return f"{text}, as if the learning rate were {quotient:.4g} times as large."


def _fix(
    history: ModelHistory,
    other: ModelHistory,
    quotient: float,
    rates: tuple[float | None, float | None],
) -> str:
    if cancels_factors(history, other):
        return (
            "Use the same reduction in both where gradients are clipped, weights are regularized"
            " in the loss, or the optimizer may change."
        )
    rate, other_rate = rates
    if rate is not None:
        equal = f"`learning_rate={rate * quotient:.4g}`"
    else:
        equal = f"{quotient:.4g} times the learning rate of {history.run!r}"
        if other_rate is not None:
            equal += f" (`learning_rate={other_rate * quotient:.4g}` if that is {other_rate:.4g})"
    return (
        f"Use the same reduction in both; or, to train {other.run!r} like {history.run!r}, give it"
        f" {equal}."
    )


_NOT_THE_SAME: Final = (
    "the two runs have no loss in common that is recognised as one of Keras' losses, so that there"
    " is no scale to compare"
)
_NO_FACTOR: Final = (
    "the measurements of a run do not agree on one factor to Keras' mean of the loss: measure"
    " batches of the same size, and without sample weights that change"
)

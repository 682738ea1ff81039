"""A step is a multiple of what its loss asks for.

What it sees:
    A model with its own `train_step`, in which what is differentiated is a factor times Keras' mean
    of the compiled loss. A loop in which it is a factor times Keras' mean of the loss that
    `summary.loss_reduction` is handed: the tape gets a vector, or a mean is divided by the rows of
    the batch again, whatever value the loop logs. A `LossScaleOptimizer` of which a loop applies
    one half: that of Keras 3 divides by its loss scale, and nobody has multiplied the loss; with
    tf_keras the loss is multiplied, and nobody divides the gradients.

Why it matters:
    An optimizer such as SGD takes steps in proportion. A mean that is divided by the batch again
    trains 32 times too slowly, and a vector that nobody averages 32 times too fast, with the
    learning rate that `fit` trains well with. The loss that is logged looks right in both.

How it decides:
    The gradient that comes back to the predictions is compared with that of Keras' mean, in every
    step (of more than 32,768 predictions in a batch: in the first 32, and one of 128). Where the
    cosine of the two is 1 to within 1e-4, one factor explains it. The factor, times the replicas
    over which gradients are summed and less a loss scale that the optimizer takes off again,
    differs from 1 by more than 0.5 %. Of a sum over rows, in batches of several sizes, it is the
    factor of a batch of the usual size. It is no more than a fact where the optimizer divides a
    factor out, as Adam does, and where no product of outputs, rows and replicas gives a factor
    between 0.1 and 10, as a weight of the loss.

    In a loop, what comes back to the predictions of a watched model is held from the first time on
    that a loss is handed over, eagerly, in a `tf.function`, in one that XLA compiles, and on each
    replica. It is compared with Keras' mean of the loss, at the labels and predictions that the
    loop hands to `summary.loss_reduction`, three times at least, where these are the predictions of
    that step as the model made them, of one call and one gradient of one tape. Of several outputs
    all are handed over at once. The factor is that of a step: times the passes that it adds up, and
    what the optimizer is given of them, where that was measured. It is told where outputs, rows and
    replicas explain it, rows or replicas among them, or batches of several sizes show that it is a
    sum. It is a fact, as a weight of the loss may be, where they do not, and where it is a number
    that a program is written with: from 0.1 to 10, of one digit above, of two below. What the loss
    that is handed over shows by itself is left to LR101 to LR106.

    Where that is not at hand, and the last layer has a bias and no activation, the gradient that
    the optimizer is given for this bias is compared, eagerly and on one device. A factor that is
    the loss scale is told, and 1/rows where the value that the loop gives is Keras' mean divided by
    the rows to the digit, and 1/rows is no number that a program is written with.

What to do:
    Take the mean once:

        loss = tf.reduce_mean(loss_fn(y, y_pred))

    With a loss scale, in a loop:

        loss = optimizer.scale_loss(loss)  # Keras 3, whose optimizer divides by itself
        gradients = optimizer.get_unscaled_gradients(gradients)  # tf_keras

When it is fine:
    If the learning rate was chosen for this loss: declare it with `expect=("LR110",)`.

References:
    https://github.com/keras-team/keras/issues/16529,
    https://github.com/keras-team/keras/issues/17260,
    https://github.com/keras-team/keras/issues/20894,
    https://keras.io/guides/custom_train_step_in_tensorflow/
"""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.by_given import check_given
from tb_bnplugin.diagnose.by_gradient import is_a_weight
from tb_bnplugin.diagnose.by_tape import check_tape
from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.gradient_rows import (
    counted_places,
    describe_rows,
    growth,
    one_pass_a_step,
)
from tb_bnplugin.diagnose.evidence.gradients import WITHIN, Gradient, measured_gradient
from tb_bnplugin.diagnose.evidence.optimizer import optimizer_of
from tb_bnplugin.diagnose.evidence.step import program_sizes
from tb_bnplugin.diagnose.needs import OWN_STEP_MEASURED, by_fit, find_missing
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import num

# What it needs is asked for below: a step of Keras' own is ok without it.
RULE: Final = Rule(code="LR110", name="gradient-factor", severity="warning")


def check(history: ModelHistory) -> Outcome:
    """Look for a step that scales the gradient of its loss."""
    if by_fit(history) and history.facts.code.own_train_step is False:
        return RULE.ok("Keras' own `train_step` differentiates the compiled loss.")
    if missing := find_missing(history, (OWN_STEP_MEASURED,)):
        if by_fit(history):
            return RULE.not_checked(missing)
        return _check_loop(history)
    found = measured_gradient(history)
    if found is None or not found.is_a_multiple:
        grown = growth(history)
        if grown is None or not grown.rows > 0:
            return _no_one_factor(history, found)
        # a sum over the rows, of which that many are in most batches
        found = Gradient(factor=grown.factor, cosine=grown.cosine, steps=grown.steps)
    evidence = {"factor": found.factor, "cosine": found.cosine}
    if abs(found.factor - 1.0) <= WITHIN:
        return RULE.ok("`train_step` differentiates Keras' mean of the loss.", evidence=evidence)
    parts = losses.explain_product(found.factor, program_sizes(history))
    what = (
        f"`train_step` differentiates {num(found.factor)} times Keras' mean of the compiled"
        f" loss{'' if parts is None else _reason(parts)}"
    )
    if is_a_weight(history, found.factor) or optimizer_of(history).cancels:
        return RULE.fact(f"{what}.", evidence=evidence, steps=found.steps)
    return RULE.finding(
        message=f"{what}, so its steps are {num(found.factor)} times those of `fit`.",
        fix=_fix(parts, found),
        evidence=evidence,
        steps=found.steps,
    )


def _check_loop(history: ModelHistory) -> Outcome:
    by_tape = check_tape(RULE, history)
    if by_tape is not None and by_tape.status != "not_checked":
        return by_tape
    given = check_given(RULE, history)
    return given if by_tape is None or given.status != "not_checked" else by_tape


def _no_one_factor(history: ModelHistory, found: Gradient | None) -> Outcome:
    places = counted_places(history)
    if places is not None and (places.shares < 1.0).any():
        if places.of_masked is not None and losses.near(places.of_masked, 1.0):
            return RULE.ok("`train_step` differentiates the mean over the places that count.")
        return RULE.not_checked(
            "The gradient that came back to the predictions leaves padding out"
            f" ({num(places.shares.min())} of the places count): see LR111."
        )
    if not one_pass_a_step(history):
        return RULE.not_checked(
            "The gradient that came back to the predictions has no one factor: the model is called"
            " several times a step."
        )
    if (rows := describe_rows(history)) is not None:
        return RULE.not_checked(rows)
    if found is None:
        return RULE.not_checked(
            "The gradient that came back to the predictions has no one factor: batches differ."
        )
    return RULE.not_checked(
        f"`train_step` differentiates another loss than the compiled one (cosine"
        f" {num(found.cosine)} of the two gradients)."
    )


def _reason(parts: tuple[str, ...]) -> str:
    if parts == ("rows",):
        return ": the sum over the rows, as of a vector that is not averaged"
    if parts == ("1 / rows",):
        return ": the mean is divided by the rows once more"
    if parts == ("replicas",):
        return ": it is not divided by the replicas, over which gradients are summed"
    return f" ({' x '.join(parts)})"


def _fix(parts: tuple[str, ...] | None, found: Gradient) -> str:
    if parts is not None and "1 / rows" in parts:
        return "Divide once: leave the division by the batch out, the compiled loss is a mean."
    if parts is not None and "replicas" in parts:
        return "Divide by the rows of all replicas: `tf.nn.compute_average_loss(per_example_loss)`."
    if parts is not None:
        return "Take the mean before the tape differentiates it: `loss = tf.reduce_mean(loss)`."
    return (
        "Differentiate the mean of the loss; or divide the learning rate by"
        f' {num(found.factor)}, and declare the factor as meant with `expect=("LR110",)`.'
    )

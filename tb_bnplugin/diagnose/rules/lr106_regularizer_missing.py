"""The regularizers of the model's weights are not once in the loss that is differentiated.

What it sees:
    Loops that differentiate the loss of labels and predictions alone, while the regularizers of
    the model's trainable weights are not 0; and steps of a loop or of `fit` that hold them twice,
    or once for each replica.

Why it matters:
    `fit` adds `model.losses` to the loss; your own loop must do so too. Without them, `l2(0.01)` in
    a layer has no effect, and the same model overfits in the loop and not in `fit`.

How it decides:
    What comes back to the regularizers of the weights in a backward pass is the number of times
    that they are in what is differentiated; times the replicas, whose gradients are summed. It is
    measured for Keras' own regularizers, in loops that are watched and in `fit`, also where a
    compiled loss or a `train_step` adds them. Two or more, a whole number, is a finding. So is none
    in any record of 20 steps or more in which an optimizer got the gradients of these weights, in a
    loop or a `train_step` that was traced after the watch.

    Where that is not measured,
    `summary.loss_reduction(..., value=loss)` records the loss, the value that was differentiated,
    and the sum of the regularizers, which is at least 2 % of the loss. The value less the loss,
    over that sum and times the replicas, is how often the regularizers count: 0 or 1 to within a
    quarter, or another whole number to within a tenth, in all records. Not at all is told of a loss
    that is a multiple of one of Keras', since a function may hold them. Keras' own step is ok with
    a loss of Keras' own.

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

from tb_bnplugin.diagnose.by_loss import check_differentiated
from tb_bnplugin.diagnose.evidence.losses import loss_column, steps_of, value_at
from tb_bnplugin.diagnose.evidence.regularizers import Times, measured_times
from tb_bnplugin.diagnose.needs import LOSSES, find_missing
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import KERAS_LOSSES, LossFacts, LossHistory, ModelHistory
from tb_bnplugin.printed import num

# It asks for losses below: `fit` is ok whether a loss was measured or not.
RULE: Final = Rule(code="LR106", name="regularizer-missing", severity="warning")

SHARE_AT_LEAST: Final = 0.02
"""Of the loss: four times the tolerance of two sums of the same terms in bfloat16."""

WITHIN: Final = 0.25
"""Share of the regularizers: the weights have moved by one step when they are summed."""

WITHIN_SEVERAL: Final = 0.1
"""The same where they seem to count several times, which another term of that size may be."""

STEPS_AT_LEAST: Final = 20
"""Without a regularizer in any: a program may add them in every tenth or sixteenth step alone."""

_ADDED: Final = "`loss = loss_fn(y, y_pred) + tf.add_n(model.losses)`"
_ADDED_ON_REPLICAS: Final = (
    "`loss = loss_fn(y, y_pred) + tf.nn.scale_regularization_loss(tf.add_n(model.losses))`"
)


def check(history: ModelHistory) -> Outcome | Iterable[Outcome]:
    """Look for regularizers that are left out, one outcome a loss; or that count several times."""
    found = measured_times(history)
    if found is not None and (found.reached > 0 or found.steps[1] >= STEPS_AT_LEAST):
        return _of_gradient(history, found)
    if history.facts.trained_by == "fit" and history.facts.code.own_train_step is False:
        if all(_is_keras(loss) for loss in history.compiled_losses):
            return RULE.ok("`fit` adds the regularizers to the loss.")
        return RULE.not_checked(
            "`fit` adds the regularizers to the loss. How often the compiled loss adds them too was"
            " not measured: the model has none, or they are no objects of Keras' classes."
        )
    if missing := find_missing(history, (LOSSES,)):
        return RULE.not_checked(missing)
    return check_differentiated(RULE, history, lambda loss: _check_loss(history, loss))


def _is_keras(loss: LossFacts) -> bool:
    """True of a class of Keras' own, which adds no regularizers."""
    return loss.loss_class in {name.partition("(")[0] for name in KERAS_LOSSES}


def _of_gradient(history: ModelHistory, found: Times) -> Outcome:
    """The outcome by what comes back to the regularizers of the weights."""
    replicas = max(history.facts.replicas, 1)
    evidence = {"least": found.least, "most": found.most, "replicas": replicas}
    if found.reached == 0:
        message, fix = _tell("The loss", 0, float(replicas))
        return RULE.finding(message=f"{message}.", fix=fix, evidence=evidence, steps=found.steps)
    if not found.are_whole:
        return RULE.not_checked(
            f"The regularizers are in the differentiated loss {num(found.least)} to"
            f" {num(found.most)} times: the program scales them by itself."
        )
    times = round(found.most)
    if times == 1:
        if found.reached < found.regularizers:
            return RULE.not_checked(
                f"{found.reached} of {found.regularizers} regularizers are in the differentiated"
                " loss, once; no gradient came back to the others."
            )
        return RULE.ok("The regularizers are in the differentiated loss once.", evidence=evidence)
    message, fix = _tell("the differentiated loss", times, float(replicas))
    return RULE.finding(message=f"{message}.", fix=fix, evidence=evidence, steps=found.steps)


def _check_loss(history: ModelHistory, loss: LossHistory) -> Outcome:
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
    replicas = np.nan_to_num(loss_column(loss, "replicas"), nan=1.0)[usable]
    counted = replicas * (value - measured)[usable] / terms[usable]
    times = int(np.rint(counted[-1]))
    if not (np.abs(counted - times) <= WITHIN).all():
        return RULE.not_checked(
            f"The differentiated {loss.name} has other terms than that of the labels and the"
            " regularizers."
        )
    if times == 0 and not np.isfinite(loss_column(loss, "keras_mean")[usable]).all():
        return RULE.not_checked(
            f"{loss.name} is a function of the program, which may hold the regularizers itself."
        )
    if times == 0 and len(history.losses) > 1:
        return RULE.not_checked(
            f"{loss.name} is one of {len(history.losses)} losses that were measured: which of them"
            " the regularizers are added to is not known."
        )
    if times == 1:
        return RULE.ok(f"The regularizers are in the differentiated {loss.name} once.")
    if times < 0 or (times > 1 and not (np.abs(counted - times) <= WITHIN_SEVERAL).all()):
        return RULE.not_checked(
            f"The differentiated {loss.name} has other terms than that of the labels and the"
            " regularizers."
        )
    message, fix = _tell(loss.name, times, float(replicas[-1]))
    return RULE.finding(
        message=f"{message}: they add up to {num(terms[usable][-1])} beside a loss of"
        f" {num(measured[usable][-1])}.",
        fix=fix,
        evidence={
            "loss": loss.name,
            "times_counted": times,
            "value": value_at(loss, "value_given", usable),
            "measured": value_at(loss, "measured", usable),
            "regularization": value_at(loss, "regularization", usable),
        },
        steps=steps_of(loss, usable),
    )


def _tell(loss: str, times: int, replicas: float) -> tuple[str, str]:
    """The message and the fix for the number of times that the regularizers count."""
    if times == 0:
        what = f"{loss} was differentiated without the regularizers of the model's weights"
        if replicas == 1:
            return what, f"Add them inside the tape: {_ADDED}."
        return what, f"Add them inside the tape, divided by the replicas: {_ADDED_ON_REPLICAS}."
    if times == replicas:
        what = (
            f"The regularizers of the model's weights count once for each of the {times} replicas"
            f" in the step of {loss}"
        )
        return what, f"Divide them by the replicas: {_ADDED_ON_REPLICAS}."
    what = f"The regularizers of the model's weights count {times} times in {loss}"
    fix = (
        "Add them once: `model.losses` holds those of all layers, nested models included, so leave"
        f" out what is added beside it: {_ADDED if replicas == 1 else _ADDED_ON_REPLICAS}."
    )
    return what, fix

"""The loss that `fit` shows is not the one that is differentiated: it is 0, or another number.

What it sees:
    A `train_step` of the program's own, under Keras 3. Where the names that it returns are those
    of the model's metrics, Keras shows the metrics, whatever the values returned: the one that is
    called "loss" stays 0 where nothing updates it, and `compiled_metrics.update_state(y, y_pred)`
    updates it with the predictions.

Why it matters:
    The model trains, but its curve says nothing: what watches the loss (early stopping, a
    checkpoint of the best epoch, a learning rate that falls at a plateau) sees a loss that is
    perfect from the start, or a number that only looks like one.

How it decides:
    In two epochs or more, the logged loss is exactly 0, while the measured gradient of what is
    differentiated, or the loss of the probes, is not. Or it is not the compiled loss, which is
    measured on the batches of the epoch with the predictions that the step itself makes: neither
    its mean over rows or steps nor its last value, with the regularizers of the weights or
    without, nor a constant multiple of one of these; and it is the mean of the predictions, or in
    each epoch below nine tenths of what any batch lets expect (three deviations below their mean).
    A loss above the measured one may have terms that only the program knows: it is not checked.
    Epochs count in which every step was measured, which is not so where a batch has very many
    predictions.

What to do:
    Update the metrics in `train_step`:

        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            if metric.name != "loss":
                metric.update_state(y, y_pred)

When it is fine:
    If a loss below the compiled one is shown on purpose, such as one without label smoothing, or
    with a term that is subtracted: declare it with `expect=("LR107",)`.

References:
    https://github.com/keras-team/keras/issues/14705,
    https://keras.io/guides/custom_train_step_in_tensorflow/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.gradients import measured_gradient
from tb_bnplugin.diagnose.evidence.logged import Logged, logged_losses
from tb_bnplugin.diagnose.needs import by_fit
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import num

RULE: Final = Rule(code="LR107", name="logged-not-optimized", severity="warning")

FEWEST: Final = 2
"""Epochs: the sum of one, of either sign, may be 0 by chance."""

UPDATE: Final = (
    "Update it in `train_step`, for each metric in `self.metrics`:"
    ' `if metric.name == "loss": metric.update_state(loss)`'
)

OTHERS: Final = '`if metric.name != "loss": metric.update_state(y, y_pred)`'
RETURN: Final = "Return the loss itself from `train_step`."


def check(history: ModelHistory) -> Outcome:
    """Compare what `fit` logs as its loss with the loss that trains."""
    if not by_fit(history):
        return RULE.not_checked("What a loop logs is not recorded.")
    if history.facts.code.own_train_step is False:
        return RULE.ok("Keras' own `train_step` logs the loss that it differentiates.")
    logged = logged_losses(history)
    if logged is None or len(logged.steps) < FEWEST:
        return RULE.not_checked("Needs the logged loss of two epochs.")
    if (logged.loss == 0.0).all():
        return _of_zero(history, logged)
    whole = logged.of_whole_epochs()
    if len(whole.steps) < FEWEST and len(whole.steps) < len(logged.steps):
        return RULE.not_checked(
            "The logged loss is not 0. Whether it is the one that trains was not measured: a batch"
            " has so many predictions that only some of the steps of an epoch are looked at."
        )
    logged = whole
    if not logged.is_measured:
        return RULE.not_checked(
            "The logged loss is not 0. Whether it is the one that trains was not measured: that"
            " takes a model with one output and one compiled loss, which `train_step` calls on"
            " the batch."
        )
    if history.facts.replicas > 1:
        return RULE.not_checked(
            "The logged loss is not 0. It is that of all replicas, and the loss was measured on"
            " the batches of one."
        )
    return _of_measured(history, logged)


def _of_zero(history: ModelHistory, logged: Logged) -> Outcome:
    if not _is_trained(history):
        return RULE.not_checked(
            "The logged loss is 0 in every epoch; that another one is differentiated was not"
            " measured. Give the callback one batch: probe_data=(x, y)."
        )
    return RULE.finding(
        message=(
            f"The loss in the logs was 0.0 in each of {len(logged.steps)} epochs, and the one that"
            " `train_step` differentiates is not: the metric that Keras shows under this name is"
            " never updated."
        ),
        fix=f"{UPDATE}.",
        evidence={"logged": 0.0, "epochs": len(logged.steps)},
        steps=_steps(logged),
    )


def _of_measured(history: ModelHistory, logged: Logged) -> Outcome:
    gradient = measured_gradient(history)
    factor = gradient.factor if gradient is not None and gradient.is_a_multiple else 1.0
    factors = (1.0,) if factor == 1.0 else (1.0, factor)
    shown, measured = float(logged.loss[-1]), float(logged.measured["compiled_by_steps"][-1])
    evidence = {"logged": shown, "measured": measured, "epochs": len(logged.steps)}
    multiple = gradient is None or gradient.is_a_multiple
    if multiple and logged.equals_loss(factors):
        return RULE.ok("The logged loss is the one that was measured.", evidence=evidence)
    what = (
        f"The loss in the logs was {num(shown)} in the last of {len(logged.steps)} epochs, and the"
        f" compiled loss of its batches {num(measured)}"
    )
    if logged.equals_predictions():
        return RULE.finding(
            message=(
                f"{what}: what is logged is the mean of the predictions, with which"
                " `compiled_metrics` updates the metric of this name."
            ),
            fix=f"{UPDATE}, and {OTHERS}.",
            evidence=evidence,
            steps=_steps(logged),
        )
    if not multiple:
        return RULE.not_checked(
            "`train_step` differentiates another loss than the compiled one: its value was not"
            " measured."
        )
    quotient = logged.constant_quotient()
    if quotient is not None:
        return RULE.fact(
            f"The logged loss is {num(quotient)} times the compiled one in every epoch.",
            evidence={**evidence, "quotient": quotient},
            steps=_steps(logged),
        )
    if not logged.has_other_terms and logged.is_far_below(factors):
        return RULE.finding(
            message=f"{what}: what is logged is not the loss that `train_step` differentiates.",
            fix=f"{UPDATE}." if history.facts.keras_3 else RETURN,
            evidence=evidence,
            steps=_steps(logged),
        )
    return RULE.not_checked(f"{what}. `train_step` may add terms that were not measured.")


def _steps(logged: Logged) -> tuple[int, int]:
    return int(logged.steps[0]), int(logged.steps[-1])


def _is_trained(history: ModelHistory) -> bool:
    """True where a loss other than 0 is differentiated, or is that of the probes."""
    factors = [gradient.columns.get("factor") for gradient in history.gradients]
    if any(bool((np.nan_to_num(each) != 0.0).any()) for each in factors if each is not None):
        return True
    if history.probe is None:
        return False
    return bool((np.nan_to_num(history.probe.moving["loss"]) != 0.0).all())

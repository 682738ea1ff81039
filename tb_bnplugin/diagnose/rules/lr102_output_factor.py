"""A loss sums over the outputs of a row where Keras takes their mean.

What it sees:
    A loss that is larger than Keras' mean of the same loss by the number of outputs of a row:
    ten for ten units, the number of pixels for an image.

Why it matters:
    `fit` with "mse" averages over outputs as well as rows. A loop that sums over them trains, with
    an optimizer such as SGD, as if its learning rate were larger by that factor.

How it decides:
    All measurements on batches of the most frequent size agree on the quotient of the loss and
    Keras' mean of it. Times the replicas, over which gradients are summed, it is the number of
    outputs, which is above 1, or a product of it with rows or replicas, within 0.5 %. With Adam
    and similar optimizers, which divide it out, and for a factor that no such product gives, as a
    weight of the loss, it is no more than a fact.
    Where no loss was measured, a `train_step` is ok whose gradient at the predictions is that of
    Keras' mean of the compiled loss, one of Keras' own.

What to do:
    Average over the outputs, or use the equal learning rate:

        loss = tf.reduce_mean(tf.square(y - y_pred))

When it is fine:
    If the learning rate was chosen for this loss.

References:
    https://keras.io/api/losses/regression_losses/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.by_loss import check_differentiated, differentiates_the_mean
from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.optimizer import optimizer_of
from tb_bnplugin.diagnose.fixes import reduce_over_rows
from tb_bnplugin.diagnose.needs import LOSSES, find_missing
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import LossHistory, ModelHistory
from tb_bnplugin.printed import num

RULE: Final = Rule(code="LR102", name="output-factor", severity="info")


def check(history: ModelHistory) -> Iterator[Outcome]:
    """Look for losses that sum over outputs, one outcome a loss."""
    if differentiates_the_mean(history):
        yield RULE.ok(
            "By its gradient, `train_step` differentiates Keras' mean of the compiled loss: no sum"
            " over outputs."
        )
    elif missing := find_missing(history, (LOSSES,)):
        yield RULE.not_checked(missing)
    else:
        yield from check_differentiated(RULE, history, lambda loss: _check_loss(history, loss))


def _check_loss(history: ModelHistory, loss: LossHistory) -> Outcome:
    found = losses.measure(history, loss)
    if found is None:
        return RULE.not_checked(f"Every measured value of {loss.name} is 0 or not finite.")
    factor, outputs = found.step_factor, found.outputs
    if factor is None:
        return RULE.not_checked(
            f"{loss.name} is not recognised as one of Keras' losses, or its factor varies, so"
            " there is no mean to compare with."
        )
    parts = losses.explain_factor(factor, found)
    if parts is None:
        return _unexplained(loss, found, factor)
    if "outputs" not in parts:
        return RULE.ok(f"{loss.name} does not sum over outputs.", evidence={"factor": factor})
    of_all = "" if found.replicas == 1 else " in total over the replicas"
    optimizer = optimizer_of(history)
    if optimizer.cancels:
        return RULE.fact(
            f"{loss.name} sums over the {num(outputs)} outputs of a row, which"
            f" {optimizer.name} divides out, up to epsilon and clipping.",
            evidence={"loss": loss.name, "factor": factor, "outputs": outputs},
            steps=found.steps,
        )
    rate = losses.learning_rate(history, loss)
    equal = f"{num(factor)} times the learning rate"
    if rate is not None:
        equal = f"`learning_rate={num(rate * factor)}`"
    return RULE.finding(
        message=(
            f"{loss.name} is {num(factor)} times Keras' mean{of_all}: it sums over the"
            f" {num(outputs)} outputs of a row, where Keras averages{_others(parts)}."
        ),
        fix=(
            optimizer.if_it_scales(f"use {equal} with Keras' loss to train alike")
            + f" Or average over the outputs before anything else:"
            f" {_mean(history, found, losses.keras_class(loss))}."
        ),
        evidence={
            "loss": loss.name,
            "factor": factor,
            "outputs": outputs,
            "learning_rate": rate,
            "equal_learning_rate": None if rate is None else rate * factor,
            "reduced_by_loop": found.by_loop,
        },
        steps=found.steps,
    )


def _unexplained(loss: LossHistory, found: losses.Measurement, factor: float) -> Outcome:
    if found.doubled_ratio is not None and not losses.near(found.doubled_ratio, 1.0):
        return RULE.not_checked(f"{loss.name} changes with the rows of a batch: see LR101.")
    if found.doubled_ratio is None and not found.is_usual:
        return RULE.not_checked(
            f"{loss.name} was measured on batches of {num(found.batch)} rows only, which are not"
            " those of most steps: measure a full one."
        )
    why = ""
    if np.isfinite(found.outputs):
        why = " No product of outputs, rows and replicas gives this factor; a weight may."
    return RULE.fact(
        f"{loss.name} is {num(factor)} times Keras' mean of {losses.keras_class(loss)}.{why}",
        evidence={"loss": loss.name, "factor": factor, "outputs": found.outputs},
        steps=found.steps,
    )


def _others(parts: tuple[str, ...]) -> str:
    others = [part for part in parts if part != "outputs"]
    return f" (and: {', '.join(others)})" if others else ""


def _mean(history: ModelHistory, found: losses.Measurement, keras_class: str | None) -> str:
    """How to average over the outputs, and over the rows of all replicas."""
    each = {"MeanSquaredError": "tf.square(y - y_pred)", "MeanAbsoluteError": "tf.abs(y - y_pred)"}
    outputs = each.get(keras_class or "", "loss_of_each_output")
    if found.replicas > 1 and history.facts.trained_by == "loop":
        return reduce_over_rows(found.replicas, f"tf.reduce_mean({outputs}, axis=-1)")
    return f"`tf.reduce_mean({outputs})`"

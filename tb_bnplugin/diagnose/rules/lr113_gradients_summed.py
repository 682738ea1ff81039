"""Gradients are added up before a step of the optimizer: of several batches, or twice.

What it sees:
    A loop or a `train_step` that adds up the gradients of several small batches, each of a mean,
    and applies their sum; gradients that a program sums over the replicas by hand, and that the
    optimizer sums again; a gradient that is added twice.

Why it matters:
    The step is as many times larger as gradients were added up, though the loss itself is right:
    nothing in the loss, printed or recorded, shows it.

How it decides:
    By the bias of one layer. What comes back to the layer's output is added up over the backward
    passes between two steps of the optimizer, and compared with the gradient of the bias that the
    optimizer is given: in nine of ten steps at least, and three, one factor within 0.5 % explains
    it. Several passes are summed where that factor is 1 and each differentiates a mean over its
    rows, by the loss that the loop hands over with its `value`, or by the gradient of the compiled
    loss in an own `train_step`. It is no more than a fact where the optimizer divides a factor
    out, as Adam does.

What to do:
    Divide the loss of each part by their number, and let the optimizer alone sum over replicas:

        loss = loss_fn(y, y_pred) / 4

When it is fine:
    If the learning rate was divided by the same number.

References:
    https://github.com/andreped/GradientAccumulator/issues/132,
    https://github.com/keras-team/keras/issues/19308
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.applied import Applied, applied_gradient, share_of_a_pass
from tb_bnplugin.diagnose.evidence.optimizer import optimizer_of
from tb_bnplugin.diagnose.needs import APPLIED, LOSS_IN_THE_STEP, by_fit, find_missing
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import num

# What it needs is asked for below: a step of Keras' own is ok without it.
RULE: Final = Rule(code="LR113", name="gradients-summed", severity="warning")


def check(history: ModelHistory) -> Outcome:
    """Look for an optimizer that is given more than a backward pass gave."""
    if by_fit(history) and history.facts.code.own_train_step is False:
        return RULE.ok("Keras' own `train_step` hands each gradient to the optimizer once.")
    if missing := find_missing(history, (APPLIED,)):
        return RULE.not_checked(missing)
    found = applied_gradient(history)
    if found is None:
        return RULE.not_checked("Fewer than three steps of the optimizer were measured.")
    replicas = float(history.facts.replicas)
    if replicas > 1 and found.reduced is not None and not _is_one(found.factor):
        if _is_one(found.reduced):
            return _reduced_twice(history, found, replicas)
        if losses.near(found.reduced * replicas, 1.0):
            return RULE.ok("The optimizer is given the mean over the replicas.")
    if found.factor is None:
        return RULE.not_checked(
            "What reaches the optimizer is no fixed multiple of what came back: it is clipped, or"
            " of several losses."
        )
    if found.passes > 1:
        return _of_several(history, found)
    if found.passes != 1:
        return RULE.not_checked(
            "It is not known which backward passes a step of the optimizer takes: their number"
            " differs, or several are of one tape that is kept."
        )
    if _is_one(found.factor * _loss_scale(history)) or _is_one(found.factor):
        return RULE.ok("The optimizer is given what the backward pass gave.")
    if losses.near(found.factor, 2.0):
        return _finding(
            history,
            found,
            2.0,
            "The gradient of each backward pass reaches the optimizer twice",
            "Add each gradient once.",
        )
    return RULE.not_checked(
        f"The optimizer is given {num(found.factor)} times what the backward pass gave, as a"
        " program may want it to be."
    )


def _of_several(history: ModelHistory, found: Applied) -> Outcome:
    assert found.factor is not None
    count = num(found.passes)
    if losses.near(found.factor * found.passes, 1.0):
        return RULE.ok(f"The optimizer is given the mean of {count} gradients.")
    if not _is_one(found.factor):
        return RULE.not_checked(
            f"The optimizer is given {num(found.factor)} times the sum of {count} gradients."
        )
    share = share_of_a_pass(history, found.passes)
    if share is None:
        return RULE.not_checked(
            f"The gradients of {count} backward passes are added up, which is right if each is of a"
            f" loss that is divided by {count}. In the step, {LOSS_IN_THE_STEP}."
        )
    if share != 1.0:
        return RULE.ok(f"{count} gradients are added up, each of a loss divided by {count}.")
    return _finding(
        history,
        found,
        found.passes,
        f"The gradients of {count} backward passes, each of a mean, are added up before one step"
        " of the optimizer",
        f"Divide the loss of each part: `loss = loss_fn(y, y_pred) / {count}`.",
    )


def _reduced_twice(history: ModelHistory, found: Applied, replicas: float) -> Outcome:
    return _finding(
        history,
        found,
        replicas,
        f"The gradients are summed over the {num(replicas)} replicas before they are given to the"
        " optimizer, which sums them again",
        "Give the optimizer each replica's own gradients: leave the `all_reduce` out.",
    )


def _finding(history: ModelHistory, found: Applied, times: float, what: str, fix: str) -> Outcome:
    evidence: dict[str, EvidenceValue] = {"times": times, "passes": found.passes}
    optimizer = optimizer_of(history)
    if optimizer.cancels:
        return RULE.fact(
            f"{what}{optimizer.though_it_cancels}.",
            evidence=evidence,
            steps=found.steps,
        )
    return RULE.finding(
        message=f"{what}, so its steps are {num(times)} times too large. The loss itself is right.",
        fix=fix,
        evidence=evidence,
        steps=found.steps,
    )


def _is_one(factor: float | None) -> bool:
    return factor is not None and losses.near(factor, 1.0)


def _loss_scale(history: ModelHistory) -> float:
    """The number that gradients are divided by on the way; 1 where there is none."""
    scales = history.model("loss_scale")
    known = scales[np.isfinite(scales)]
    return float(known[-1]) if len(known) else 1.0

"""Outcomes on an own `train_step`, by its gradient, where no loss of it was measured."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.gradient_rows import (
    ANOTHER,
    counted_places,
    does_not_grow,
    growth,
    of_all_pairs,
)
from tb_bnplugin.diagnose.evidence.gradients import SAME_DIRECTION
from tb_bnplugin.diagnose.evidence.optimizer import optimizer_of
from tb_bnplugin.diagnose.evidence.step import program_sizes
from tb_bnplugin.diagnose.fixes import after_the_mean, mean_of_rows
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory
from tb_bnplugin.printed import num

A_WEIGHT_OF_THE_LOSS: Final = (0.1, 10.0)
"""Factors that programs give to a loss on purpose."""


def is_a_weight(history: ModelHistory, factor: float) -> bool:
    """True of a factor that a program may give to its loss on purpose."""
    lowest, highest = A_WEIGHT_OF_THE_LOSS
    unexplained = losses.explain_product(factor, program_sizes(history)) is None
    return unexplained and lowest <= abs(factor) <= highest


def check_growth(rule: Rule, history: ModelHistory) -> Outcome | None:
    """The outcome on a loss that grows with the batch; None where batches do not show it."""
    found = growth(history)
    if found is None:
        if not does_not_grow(history):
            return None
        return rule.ok("By its gradient, what `train_step` differentiates is a mean over the rows.")
    if not found.rows > 0:
        return None
    divisor = 1.0 / found.of_a_row
    evidence: dict[str, EvidenceValue] = {
        "divisor": divisor,
        "frequent_batch": found.rows,
        "cosine": found.cosine,
    }
    what = f"By its gradient, what `train_step` differentiates is {_sum(divisor)}"
    optimizer = optimizer_of(history)
    if losses.near(found.factor, 1.0):
        return rule.fact(
            f"{what}, which is right only for {num(found.rows * found.replicas)} rows a step.",
            evidence=evidence,
            steps=found.steps,
        )
    if optimizer.cancels:
        return rule.fact(
            f"{what}{optimizer.though_it_cancels}.",
            evidence=evidence,
            steps=found.steps,
        )
    if not is_a_weight(history, found.factor):
        return rule.not_checked(f"What `train_step` differentiates is {_sum(divisor)}: see LR110.")
    outputs = program_sizes(history)["outputs"] if history.losses else float("nan")
    rate = optimizer.one_rate_of(losses.one_rate(history.model("learning_rate")))
    advice = after_the_mean(found.factor, found.rows * found.replicas, rate)
    steps = optimizer.if_it_scales(advice)
    return rule.finding(
        message=f"{what}, so the step depends on the batch size.",
        fix=f"{mean_of_rows(found.replicas, outputs)} {steps}",
        evidence=evidence,
        steps=found.steps,
        severity=None if optimizer.scales else "info",
    )


def check_pairs(rule: Rule, history: ModelHistory) -> Outcome | None:
    """The outcome on labels that meet the predictions of other rows; None: it is not shown."""
    found = of_all_pairs(history)
    if found is None:
        return None
    pairs, (least, most) = found.with_pairs, found.with_rows
    if least >= SAME_DIRECTION and pairs < ANOTHER:
        return rule.ok("By its gradient, `train_step` pairs each label with its own prediction.")
    if pairs < SAME_DIRECTION or most >= ANOTHER:
        return None
    return rule.finding(
        message=(
            "`train_step` compares every label with every prediction: its gradient is that of the"
            f" loss of all pairs of rows (cosine {num(pairs)}), and not that of the rows (cosine"
            f" {num(most)} at most). Shapes (N,) and (N, 1) broadcast to N x N values."
        ),
        fix="Give both the same shape: `y = tf.reshape(y, tf.shape(y_pred))`.",
        evidence={"pairs_cosine": pairs, "cosine": most},
        steps=found.steps,
    )


def check_places(rule: Rule, history: ModelHistory, *, most: float) -> Outcome | None:
    """The outcome on padding in the mean; None where places do not show it.

    Args:
        rule: whose outcome it is.
        history: of the model.
        most: share of the places that count from which on it is a fact.
    """
    found = counted_places(history)
    if found is None:
        return None
    if (found.shares == 1.0).all():
        return rule.ok("By its gradient, all places count in what `train_step` differentiates.")
    over_all, over_counted = (
        _is_a_mean(history, factor) for factor in (found.factor, found.of_masked)
    )
    # batches that are padded alike have one factor for either, and it is 1 for one of them
    if over_counted or (found.of_masked is not None and not over_all):
        return rule.ok(
            "By its gradient, what `train_step` differentiates is divided by the places that count."
        )
    if not over_all:
        return None
    shares = found.shares[found.shares < 1.0]
    what = "By its gradient, `train_step` differentiates"
    return tell_padding(rule, history, what, shares, found.steps, most=most)


def _is_a_mean(history: ModelHistory, factor: float | None) -> bool:
    """True of the factor of a mean, in one replica or over all."""
    scales = {1, max(history.facts.replicas, 1)}
    return factor is not None and any(losses.near(factor * scale, 1.0) for scale in scales)


def tell_padding(
    rule: Rule,
    history: ModelHistory,
    what: str,
    shares: Floats,
    steps: tuple[int, int],
    *,
    most: float,
    loss: str | None = None,
) -> Outcome:
    """The outcome on a mean over all places, padding included.

    Args:
        rule: whose outcome it is.
        history: of the model.
        what: is such a mean, in words, with its verb.
        shares: of the places that count, below 1 [records].
        steps: first and last that show it.
        most: share from which on it is a fact.
        loss: its name, where it has one.
    """
    middle = float(np.median(shares))
    evidence: dict[str, EvidenceValue] = {} if loss is None else {"loss": loss}
    evidence |= {
        "share": middle,
        "smallest_share": float(shares.min()),
        "largest_share": float(shares.max()),
    }
    what = f"{what} a mean over all places, padding included: {num(middle)} of them count"
    if middle >= most or optimizer_of(history).cancels:
        return rule.fact(f"{what}.", evidence=evidence, steps=steps)
    return rule.finding(
        message=f"{what}. So its steps are {num(1.0 / middle)} times too small, and by another"
        " factor where a batch is padded otherwise.",
        fix="Divide by the sum of the mask:"
        " `loss = tf.reduce_sum(loss * mask) / tf.reduce_sum(mask)`.",
        evidence=evidence,
        steps=steps,
    )


def _sum(divisor: float) -> str:
    if losses.near(divisor, 1.0):
        return "the sum over the rows of a batch"
    return f"the sum over the rows of a batch, divided by a fixed {num(divisor)}"

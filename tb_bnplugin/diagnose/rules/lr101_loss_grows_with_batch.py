"""A loss doubles when the batch is doubled: it is a sum, or a sum divided by a fixed number.

What it sees:
    A loss whose value, on the same batch with every row twice, is twice as large.

Why it matters:
    The gradient, and with it the step of an optimizer such as SGD, then grows with the batch. A
    learning rate that fits one batch size is wrong for another, and the short last batch of an
    epoch counts less than a full one. Keras' own losses take the mean.

How it decides:
    The ratio of the loss on the doubled batch to that on the batch is 2 within 0.5 %, in all
    measurements. Where the loop reduces what the loss returns, to the value that it gives, batches
    of two sizes show how that value grows. Where Keras' mean of the same loss is known, it gives
    the divisor: the mean times rows times outputs, divided by the measured value. It is no more
    than a fact where the divisor is the most frequent batch size (of one replica or of all, with or
    without the outputs, times the batches that a step accumulates), since the loss is then a mean
    while batches are full, and where the optimizer divides a factor of the gradient out, as Adam
    does. It is an info where the divisor or the optimizer is not known. A ratio of 0.5 is a loss
    divided by the rows twice. Any other ratio, as of contrastive losses, is not checked. Where
    LR103 finds that the loss is a vector that nobody reduced, that is told, and this is not
    checked.

    In a `train_step` of the program's own that measures no loss, by the gradient at the
    predictions: over batches of several sizes (a short last batch will do) it is one constant
    times the rows times the gradient of Keras' mean, with a cosine of 1 to within 1e-4, and not
    one constant times that gradient. Where LR110 tells the factor, this is not checked.

What to do:
    Take the mean over the rows that are in the batch:

        loss = tf.reduce_mean(per_example_loss)

When it is fine:
    `tf.nn.compute_average_loss(..., global_batch_size=...)` while every batch is full, and sums
    whose learning rate was chosen for them (an ELBO, for example).

References:
    https://github.com/tensorflow/tensorflow/issues/48912,
    https://www.tensorflow.org/tutorials/distribute/custom_training,
    https://keras.io/api/losses/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.by_gradient import check_growth
from tb_bnplugin.diagnose.by_loss import check_differentiated
from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.losses import near
from tb_bnplugin.diagnose.evidence.optimizer import optimizer_of
from tb_bnplugin.diagnose.evidence.training import batches_a_step
from tb_bnplugin.diagnose.fixes import after_the_mean, mean_of_rows
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import LossHistory, ModelHistory
from tb_bnplugin.printed import num

RULE: Final = Rule(
    code="LR101",
    name="loss-grows-with-batch",
    severity="warning",
    explained_by=("LR103",),  # a vector that nobody reduced grows because of that
)


def check(history: ModelHistory) -> Iterator[Outcome]:
    """Look for losses that grow with the batch, one outcome a loss."""
    return check_differentiated(
        RULE, history, lambda loss: _check_loss(history, loss), check_growth
    )


def _check_loss(history: ModelHistory, loss: LossHistory) -> Outcome:
    found = losses.measure(history, loss)
    if found is None:
        return RULE.not_checked(f"Every measured value of {loss.name} is 0 or not finite.")
    ratio = found.doubled_ratio
    if ratio is not None and near(ratio, 1.0):
        return RULE.ok(f"{loss.name} does not grow with the batch.", evidence={"ratio": ratio})
    if ratio is not None and near(ratio, 0.5):
        return _divided_twice(history, loss, found)
    if ratio is None or not near(ratio, 2.0):
        return _neither(loss, found)
    divisor = found.divisor
    frequent = losses.frequent_batch(history, loss)
    rows = frequent * batches_a_step(history)
    mean_while_full = divisor is not None and _is_batch(history, divisor, rows, found)
    optimizer = optimizer_of(history)
    if mean_while_full or optimizer.cancels:
        return RULE.fact(
            f"{loss.name} doubles with the batch: it is "
            + _describe(history, found, fits=rows if mean_while_full else None),
            evidence={"loss": loss.name, "ratio": ratio, "divisor": divisor},
            steps=found.steps,
        )
    steps = ""
    if found.step_factor is not None and found.batch > 0:
        rows_of_a_step = found.batch * found.replicas  # whose gradients are summed
        rate = optimizer.one_rate_of(losses.learning_rate(history, loss))
        advice = after_the_mean(found.step_factor, rows_of_a_step, rate)
        steps = f" {optimizer.if_it_scales(advice)}"
    return RULE.finding(
        message=f"{loss.name} doubles with the batch: it is "
        + _describe(history, found, fits=None),
        fix=mean_of_rows(found.replicas, found.outputs if steps else 1.0) + steps,
        evidence={
            "loss": loss.name,
            "ratio": ratio,
            "divisor": divisor,
            "frequent_batch": None if np.isnan(frequent) else frequent,
            "measured": found.measured,
            "reduced_by_loop": found.by_loop,
        },
        steps=found.steps,
        severity=None if divisor is not None and optimizer.scales else "info",
    )


def _divided_twice(history: ModelHistory, loss: LossHistory, found: losses.Measurement) -> Outcome:
    """The loss falls to a half on the doubled batch."""
    message = f"{loss.name} halves when the batch is doubled: it is divided by the rows twice"
    evidence: dict[str, EvidenceValue] = {
        "loss": loss.name,
        "ratio": found.doubled_ratio,
        "measured": found.measured,
        "reduced_by_loop": found.by_loop,
    }
    optimizer = optimizer_of(history)
    if optimizer.cancels:
        return RULE.fact(
            f"{message}{optimizer.though_it_cancels}.",
            evidence=evidence,
            steps=found.steps,
        )
    return RULE.finding(
        message=f"{message}, so the step is smaller by the number of rows.",
        fix=(
            "Divide once: where weights or a mask are normalized to a sum of 1 already, take"
            " `tf.reduce_sum(per_example_loss * weights)`; a mean needs no division by the batch."
        ),
        evidence=evidence,
        steps=found.steps,
        severity=None if optimizer.scales else "info",
    )


def _neither(loss: LossHistory, found: losses.Measurement) -> Outcome:
    """Growth that was not measured, or is neither that of a mean nor that of a sum."""
    _, doubled = losses.as_differentiated(loss)
    if found.by_loop and not np.isfinite(doubled).any():
        return RULE.not_checked(
            f"Whether {loss.name} grows with the batch is not known: the loop reduces what it"
            " returns, and the given value shows how only in batches of two sizes. Hand over a"
            " function that reduces it too, or measure a shorter batch as well."
        )
    return RULE.not_checked(
        f"Doubling the batch does not always give {loss.name} the same value or twice the value,"
        " as a contrastive loss does not: it is neither a mean nor a sum over rows."
    )


def _is_batch(
    history: ModelHistory, divisor: float, rows: float, found: losses.Measurement
) -> bool:
    # layers count the rows of a replica, and a loss outside of them has those of all
    sizes = (rows, rows * max(found.replicas, history.facts.replicas))
    return any(near(divisor, size * outputs) for size in sizes for outputs in (1.0, found.outputs))


def _describe(history: ModelHistory, found: losses.Measurement, *, fits: float | None) -> str:
    if found.divisor is None:
        return "a sum, or a sum divided by a fixed number that is not known."
    summed = _sum(found.divisor, found.outputs)
    if fits is not None:
        return f"{summed}, which is right only for {num(fits)} rows a step."
    optimizer = optimizer_of(history)
    so = ", so the step depends on the batch size"
    if optimizer.name is None:
        so = ", so the step of an optimizer such as SGD depends on the batch size"
    if optimizer.cancels:
        so = optimizer.though_it_cancels
    return f"{summed}{so}."


def _sum(divisor: float, outputs: float) -> str:
    """The sum in words, whether the loss of a row is a sum over its outputs or their mean."""
    if near(divisor, 1.0):
        return "the sum over the batch"
    of_means = divisor / outputs
    if not outputs > 1.0 or not (near(of_means, round(of_means)) and round(of_means) > 0):
        return f"a sum divided by a fixed {num(divisor)}"
    if near(of_means, 1.0):
        return f"the sum over the rows of the mean over their {num(outputs)} outputs"
    return (
        f"a sum over rows and outputs divided by a fixed {num(divisor)} ({num(of_means)} x"
        f" {num(outputs)} outputs)"
    )

"""A loss that doubles when the batch is doubled: a sum, or a sum divided by a fixed number.

What it sees:
    A loss whose value, on the same batch with every row twice, is twice as large.

Why it matters:
    The gradient, and with it the step of an optimizer such as SGD, then grows with the batch. A
    learning rate found at one batch size is wrong at another, and the short last batch of an
    epoch counts less than a full one. Keras' own losses take the mean.

How it decides:
    The ratio of the loss on the doubled batch to that on the batch is 2 within 0.5 %, in all
    measurements. Where Keras' mean of the same loss is known, it gives the divisor: the mean times
    rows times outputs over the measured value. A divisor that is the most frequent batch size
    (of one replica or of all, with or without the outputs, times the batches that a step
    accumulates) is a mean while batches are full, hence an info; so is a loss whose divisor cannot
    be told, or one under an optimizer that divides a factor of the gradient out, such as Adam. A
    ratio that is neither 1 nor 2, as of contrastive losses, is not checked.

What to do:
    Take the mean over the rows that are really there:

        loss = tf.reduce_mean(per_example_loss)

When it is fine:
    `tf.nn.compute_average_loss(..., global_batch_size=...)` while every batch is full, and sums
    that are chosen with their learning rate (an ELBO, say).

References:
    https://github.com/tensorflow/tensorflow/issues/48912,
    https://www.tensorflow.org/tutorials/distribute/custom_training,
    https://keras.io/api/losses/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import batches_a_step, settle
from tb_bnplugin.diagnose.evidence.losses import (
    NOTHING_MEASURED,
    Measurement,
    cancels_factors,
    frequent_batch,
    measure,
    near,
)
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import LossHistory, ModelHistory

RULE: Final = Rule(code="LR101", name="loss-grows-with-batch", severity="warning")


def check(history: ModelHistory) -> tuple[Outcome, ...]:
    """Whether losses grow with the batch, one outcome a loss."""
    if not history.losses:
        return (RULE.not_checked(NOTHING_MEASURED),)
    return settle(_check_loss(history, loss) for loss in history.losses)


def _check_loss(history: ModelHistory, loss: LossHistory) -> Outcome:
    found = measure(history, loss)
    if found is None:
        return RULE.not_checked(f"{loss.name}: every measured value is 0 or not finite")
    ratio = found.doubled_ratio
    if ratio is not None and near(ratio, 1.0):
        return RULE.ok(f"{loss.name} does not grow with the batch.", evidence={"ratio": ratio})
    if ratio is None or not near(ratio, 2.0):
        return RULE.not_checked(
            f"{loss.name}: doubling the batch gives neither the same nor twice the loss, or not"
            " always; it is no sum over rows (contrastive losses are not)"
        )
    divisor = _divisor(found)
    frequent = frequent_batch(history, loss)
    several = batches_a_step(history)
    mean_while_full = divisor is not None and _is_batch(divisor, frequent * several, found)
    adaptive = cancels_factors(history)
    return RULE.finding(
        message=_message(
            loss,
            divisor,
            fits=frequent * several if mean_while_full else None,
            so=(
                f", though {history.facts.optimizer} divides a constant factor out"
                if adaptive
                else ", so the step depends on the batch size"
            ),
        ),
        fix=(
            f"Divide by the rows of each batch: `tf.reduce_mean(per_example_loss)`"
            f"{'' if adaptive else _kept_step(found, divisor, mean_while_full=mean_while_full)}."
        ),
        evidence={
            "loss": loss.name,
            "ratio": ratio,
            "divisor": divisor,
            "frequent_batch": None if np.isnan(frequent) else frequent,
            "measured": found.measured,
        },
        steps=found.steps,
        severity=None if divisor is not None and not mean_while_full and not adaptive else "info",
    )


def _divisor(found: Measurement) -> float | None:
    """What the sum over rows and outputs is divided by; None: Keras' mean is not known."""
    if found.factor is None or not np.isfinite(found.batch * found.outputs):
        return None
    return found.batch * found.outputs / found.factor


def _is_batch(divisor: float, frequent: float, found: Measurement) -> bool:
    sizes = (frequent, frequent * found.replicas)
    return any(near(divisor, size * outputs) for size in sizes for outputs in (1.0, found.outputs))


def _message(loss: LossHistory, divisor: float | None, *, fits: float | None, so: str) -> str:
    grows = f"{loss.name} doubles with the batch"
    if divisor is None:
        return f"{grows}: it is a sum, or a sum divided by a fixed number that cannot be told."
    if fits is not None:
        return (
            f"{grows}: it is a sum divided by a fixed {divisor:.6g}, which fits only"
            f" {fits:.6g} rows a step."
        )
    if near(divisor, 1.0):
        return f"{grows}: it is the sum over the batch{so}."
    return f"{grows}: it is a sum divided by a fixed {divisor:.6g}{so}."


def _kept_step(found: Measurement, divisor: float | None, *, mean_while_full: bool) -> str:
    """What keeps the step as it is at batches of the most frequent size."""
    if divisor is None or mean_while_full or not found.batch > 0:
        return ""
    return (
        f", and multiply the learning rate by {found.batch / divisor:.4g} to keep the step as it is"
        f" with {found.batch:.6g} rows"
    )

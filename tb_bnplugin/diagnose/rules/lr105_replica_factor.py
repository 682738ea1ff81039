"""A loss is not divided by the replicas, or divided by them twice.

What it sees:
    A loop under a distribution strategy whose loss on each replica is a mean over the rows of that
    replica alone, or such a mean divided twice.

Why it matters:
    The optimizer sums the gradients of the replicas. With a mean over the rows of each, the step is
    as many times larger as there are replicas; divided twice, as many times smaller. The same
    program with another number of devices trains with another learning rate.

How it decides:
    The quotient of what is differentiated and Keras' mean of the loss, times the replicas, is their
    number, or one over it, within 0.5 %, in all measurements. It is no more than a fact where the
    optimizer divides a factor out, as Adam does.

What to do:
    Divide by the rows of all replicas, once:

        loss = tf.nn.compute_average_loss(per_example_loss)

When it is fine:
    If the learning rate was divided by the replicas instead.

References:
    https://github.com/tensorflow/tensorflow/issues/47676,
    https://www.tensorflow.org/tutorials/distribute/custom_training#define_the_loss_function
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tb_bnplugin.diagnose.by_loss import check_differentiated
from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.optimizer import optimizer_of
from tb_bnplugin.diagnose.needs import LOSSES, find_missing
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import LossHistory, ModelHistory
from tb_bnplugin.printed import num

# It asks for losses below: one replica is ok whether a loss was measured or not.
RULE: Final = Rule(code="LR105", name="replica-factor", severity="error")


def check(history: ModelHistory) -> Outcome | Iterable[Outcome]:
    """Look for losses that replicas scale, one outcome a loss."""
    if history.facts.replicas < 2:
        return RULE.ok("One replica trains.")
    if missing := find_missing(history, (LOSSES,)):
        return RULE.not_checked(missing)
    return check_differentiated(RULE, history, lambda loss: _check_loss(history, loss))


def _check_loss(history: ModelHistory, loss: LossHistory) -> Outcome:
    found = losses.measure(history, loss)
    factor = None if found is None else found.step_factor
    if found is None or factor is None:
        return RULE.not_checked(
            f"{loss.name} is not recognised as one of Keras' losses, or its factor varies, so"
            " there is no mean to compare with."
        )
    parts = losses.explain_factor(factor, found)
    evidence: dict[str, EvidenceValue] = {
        "loss": loss.name,
        "step_factor": factor,
        "replicas": found.replicas,
    }
    if parts is None or not {"replicas", "1 / replicas"} & set(parts):
        return RULE.ok(f"{loss.name} is divided by the replicas once.", evidence=evidence)
    count = num(found.replicas)
    twice = "1 / replicas" in parts
    what = (
        f"{loss.name} is divided by the {count} replicas twice, so its steps are {count} times"
        " too small"
        if twice
        else f"{loss.name} is not divided by the {count} replicas, whose gradients are summed, so"
        f" its steps are {count} times too large"
    )
    optimizer = optimizer_of(history)
    if optimizer.cancels:
        return RULE.fact(
            f"{what}{optimizer.though_it_cancels}.",
            evidence=evidence,
            steps=found.steps,
        )
    return RULE.finding(
        message=f"{what}.",
        fix=(
            "Divide once: Keras 3 divides the mean of a loss object by the replicas itself, as"
            " `tf.nn.compute_average_loss` does. Leave the other division out, such as"
            " `loss / strategy.num_replicas_in_sync`."
            if twice
            else "Divide by the rows of all replicas:"
            " `tf.nn.compute_average_loss(per_example_loss)`."
        ),
        evidence=evidence,
        steps=found.steps,
    )

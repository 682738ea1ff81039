"""Outcomes on a loop, by the gradient that its optimizer is given."""

from __future__ import annotations

from collections.abc import Mapping

from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.divided_again import rows_of_a_mean_divided_again
from tb_bnplugin.diagnose.evidence.given import Given, given_gradient
from tb_bnplugin.diagnose.evidence.optimizer import optimizer_of
from tb_bnplugin.diagnose.evidence.step import program_sizes
from tb_bnplugin.diagnose.fixes import after_the_mean, mean_of_rows
from tb_bnplugin.diagnose.needs import GIVEN, find_missing
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import num


def check_given(rule: Rule, history: ModelHistory) -> Outcome:
    """The outcome on a loop whose steps are scaled.

    A factor is told where it is a loss scale that is applied in part, and where it is 1/rows and
    the value that the loop gives is that of Keras' mean, too. Of any other the predictions that are
    handed over may be a multiple of those of the model, and then so is the factor.
    """
    if missing := find_missing(history, (GIVEN,)):
        return rule.not_checked(missing)
    if history.facts.replicas > 1:
        return rule.not_checked("What a loop differentiates on several replicas is not measured.")
    found = given_gradient(history)
    if found is None:
        return rule.not_checked(
            "Fewer than three steps of the optimizer were compared with the loss of their batch."
        )
    applied = found.applied
    if applied is not None and losses.near(applied, 1.0):
        return rule.ok(
            "The optimizer is given the gradient of Keras' mean of the loss.",
            evidence={"factor": applied, "cosine": found.cosine},
        )
    if found.in_part is not None:
        return scaled_in_part(
            rule, history, found.scale, found.in_part, evidence=_evidence(found), steps=found.steps
        )
    if applied is None:
        return rule.not_checked(
            "What the optimizer is given is no fixed multiple of the gradient of the loss that"
            f" the loop hands over (cosine {num(found.cosine)} at least): it is clipped, of several"
            " batches or losses, or of a step before."
        )
    rows = rows_of_a_mean_divided_again(history)
    if rows is not None and losses.near(applied * rows, 1.0):
        return divided_again(rule, history, rows, evidence=_evidence(found), steps=found.steps)
    return rule.not_checked(
        f"The optimizer is given {num(applied)} times the gradient of Keras' mean of the loss, by"
        " the predictions that the loop hands over, as a program may want it. LR101 to LR106"
        " check the loss itself."
    )


def _evidence(found: Given) -> dict[str, EvidenceValue]:
    return {"cosine": found.cosine, "channels": found.channels}


def divided_again(
    rule: Rule,
    history: ModelHistory,
    rows: float,
    *,
    evidence: Mapping[str, EvidenceValue],
    steps: tuple[int, int],
) -> Outcome:
    """The outcome on a mean that is divided by the rows again, as the given value shows, too."""
    if any(each.grows for loss in history.losses if (each := losses.measure(history, loss))):
        return rule.not_checked("The loss that the loop differentiates is no mean: see LR101.")
    what = (
        f"The optimizer is given 1/{num(rows)} of the gradient of Keras' mean of the loss, and the"
        f" loss is 1/{num(rows)} of it: batches have {num(rows)} rows, by which the mean is divided"
        " once more"
    )
    evidence = {"factor": 1.0 / rows, "rows": rows, "reduced_by_loop": True, **evidence}
    optimizer = optimizer_of(history)
    if optimizer.cancels:
        return rule.fact(
            f"{what}{optimizer.though_it_cancels}.",
            evidence=evidence,
            steps=steps,
        )
    outputs = program_sizes(history)["outputs"]
    fix = mean_of_rows(1.0, outputs, divide="Divide by the rows once")
    return rule.finding(
        message=f"{what}, so its steps are {num(rows)} times too small.",
        fix=f"{fix} {optimizer.if_it_scales(after_the_mean(1.0 / rows, rows))}",
        evidence=evidence,
        steps=steps,
        severity=None if optimizer.scales else "info",
    )


def scaled_in_part(
    rule: Rule,
    history: ModelHistory,
    loss_scale: float,
    factor: float,
    *,
    evidence: Mapping[str, EvidenceValue],
    steps: tuple[int, int],
) -> Outcome:
    """The outcome on steps that are wrong by the loss scale alone."""
    scale = num(loss_scale)
    if history.facts.keras_3:
        what = (
            f"The optimizer divides the gradients by its loss scale of {scale}, by which the loss"
            " is not multiplied"
        )
        so = f"1/{scale} of what the loss asks for"
        fix = "Within the tape, multiply: `loss = optimizer.scale_loss(loss)`."
    else:
        what = (
            f"The loss is multiplied by the loss scale of {scale}, by which nobody divides the"
            " gradients"
        )
        so = f"{scale} times what the loss asks for"
        fix = (
            "Before they are applied, divide:"
            " `gradients = optimizer.get_unscaled_gradients(gradients)`."
        )
    evidence = {"factor": factor, "loss_scale": loss_scale, **evidence}
    optimizer = optimizer_of(history)
    if optimizer.cancels:
        return rule.fact(
            f"{what}{optimizer.though_it_cancels}.",
            evidence=evidence,
            steps=steps,
        )
    return rule.finding(
        message=f"{what}, so its steps are {so}.", fix=fix, evidence=evidence, steps=steps
    )

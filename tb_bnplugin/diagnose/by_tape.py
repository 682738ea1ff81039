"""Outcomes on a loop, by the gradient that came back to its model's predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tb_bnplugin.diagnose.by_given import divided_again, scaled_in_part
from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.divided_again import may_be_chosen, rows_of_a_mean_divided_again
from tb_bnplugin.diagnose.evidence.optimizer import optimizer_of
from tb_bnplugin.diagnose.evidence.step import program_sizes
from tb_bnplugin.diagnose.evidence.tape import Step, Tape, step_of, tape_gradient
from tb_bnplugin.diagnose.fixes import after_the_mean, mean_of_rows
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import LossHistory, ModelHistory
from tb_bnplugin.printed import num

_MULTIPLE = "the gradient of Keras' mean of the loss that it hands over"


@dataclass(frozen=True, kw_only=True)
class _Multiple:
    """A number of times Keras' mean of the loss, which is differentiated."""

    factor: float
    parts: tuple[str, ...] | None  # whose product it is
    tape: Tape

    @property
    def evidence(self) -> dict[str, EvidenceValue]:
        """The numbers."""
        return {"factor": self.factor, "rows": self.tape.rows, "cosine": self.tape.cosine}


def check_tape(rule: Rule, history: ModelHistory) -> Outcome | None:
    """The outcome on a loop whose steps are scaled; None where no gradient was compared."""
    tape = tape_gradient(history)
    if tape is None:
        return None
    if tape.factor is None and tape.unscaled is None:
        return rule.not_checked(
            "The gradient that came back to the predictions is no fixed multiple of that of the"
            f" loss that the loop hands over (cosine {num(tape.cosine)} at least): other losses are"
            " in it, or weights of the program's own."
        )
    step = step_of(history, tape)
    if step is None:
        return rule.not_checked(
            "It is not known what the optimizer makes of the gradient that came back to the"
            " predictions: of which passes it is, or whether a loss scale is taken off again."
        )
    if step.in_part is not None:
        evidence: dict[str, EvidenceValue] = {"cosine": tape.cosine}
        return scaled_in_part(
            rule, history, tape.scale, step.in_part, evidence=evidence, steps=tape.steps
        )
    times = 1.0 if tape.of_keras else _mean_of_function(history)
    if times is None:
        if losses.near(step.factor, 1.0):
            return rule.ok(
                "What the loop differentiates is the mean of the loss that it hands over.",
                evidence={"factor": step.factor, "cosine": tape.cosine},
            )
        return rule.not_checked(
            f"What the loop differentiates is {num(step.factor)} times the loss that it hands over,"
            " which is none of Keras'."
        )
    return _of_factor(rule, history, tape, step, step.factor * times)


def _of_factor(rule: Rule, history: ModelHistory, tape: Tape, step: Step, factor: float) -> Outcome:
    evidence: dict[str, EvidenceValue] = {"factor": factor, "cosine": tape.cosine}
    if losses.near(factor, 1.0):
        if tape.of_a_row is not None:
            return rule.fact(
                f"By its gradient, what the loop differentiates is {_sum(tape)}, which is right"
                f" only for {num(tape.rows * max(history.facts.replicas, 1))} rows a step.",
                evidence=evidence,
                steps=tape.steps,
            )
        return rule.ok(
            "What the loop differentiates is Keras' mean of the loss that it hands over.",
            evidence=evidence,
        )
    rows = rows_of_a_mean_divided_again(history)
    if rows is not None and losses.near(factor * rows, 1.0):
        return divided_again(
            rule, history, rows, evidence={"cosine": tape.cosine}, steps=tape.steps
        )
    if step.passes > 1:
        return rule.not_checked(
            f"A step of the optimizer adds up {num(step.passes)} backward passes, and is"
            f" {num(factor)} times that of Keras' mean of the loss: see LR113."
        )
    if _is_handed_over(history, factor):
        return rule.not_checked(
            f"What the loop differentiates is {num(factor)} times Keras' mean of the loss, as the"
            " loss that it hands over is: LR101 to LR106 check that."
        )
    sizes = program_sizes(history) | {"rows": tape.rows}
    parts = losses.explain_product(factor, sizes)
    return _tell(rule, history, _Multiple(factor=factor, parts=parts, tape=tape))


def _tell(rule: Rule, history: ModelHistory, found: _Multiple) -> Outcome:
    factor, tape, optimizer = found.factor, found.tape, optimizer_of(history)
    what = f"What the loop differentiates has {num(factor)} times {_MULTIPLE}{_reason(found)}"
    # a loop may weigh its loss, and add up outputs, as it likes
    of_rows = {part.removeprefix("1 / ") for part in found.parts or ()} - {"outputs"}
    meant = tape.of_a_row is None and (not of_rows or may_be_chosen(factor))
    if meant:
        return rule.fact(f"{what}.", evidence=found.evidence, steps=tape.steps)
    if optimizer.cancels:
        return rule.fact(
            f"{what}{optimizer.though_it_cancels}.", evidence=found.evidence, steps=tape.steps
        )
    replicas = float(max(history.facts.replicas, 1))
    fix = mean_of_rows(replicas, program_sizes(history)["outputs"], divide=_divide(found))
    return rule.finding(
        message=f"{what}, so its steps are {num(factor)} times those of Keras' mean.",
        fix=f"{fix} {optimizer.if_it_scales(after_the_mean(factor, tape.rows * replicas))}",
        evidence=found.evidence,
        steps=tape.steps,
        severity=None if optimizer.scales else "info",
    )


def _reason(found: _Multiple) -> str:
    tape, parts = found.tape, found.parts
    if tape.of_a_row is not None:
        return f": it is {_sum(tape)}, and depends on the size of the batch"
    if parts == ("rows",):
        return f": it is the sum over {num(tape.rows)} rows, as of a vector that is not averaged"
    if parts == ("1 / rows",):
        return f": the mean is divided by the {num(tape.rows)} rows once more"
    if parts == ("replicas",):
        return ": it is not divided by the replicas, over which gradients are summed"
    if parts == ("1 / replicas",):
        return ": it is divided by the replicas, and so is the mean already"
    return "" if parts is None else f" ({' x '.join(parts)})"


def _divide(found: _Multiple) -> str:
    again = found.tape.of_a_row is None and any(
        part.startswith("1 /") for part in found.parts or ()
    )
    return "Divide by the rows once" if again else "Divide by the rows"


def _sum(tape: Tape) -> str:
    divisor = 1.0 / (tape.of_a_row or 1.0)
    if losses.near(divisor, 1.0):
        return "the sum over the rows of a batch"
    return f"the sum over the rows of a batch, divided by a fixed {num(divisor)}"


def _is_handed_over(history: ModelHistory, factor: float) -> bool:
    """True where the losses that are handed over have this factor, as other rules tell."""
    return bool(history.losses) and all(_has(history, each, factor) for each in history.losses)


def _has(history: ModelHistory, loss: LossHistory, factor: float) -> bool:
    found = losses.measure(history, loss)
    if found is None or found.usual_step_factor is None:
        return False
    # of a vector without a value it is not known whether the loop averages it
    vector = found.elements > 1 and not found.by_loop
    known = np.isfinite(losses.loss_column(loss, "value_given")).any()
    return losses.near(found.usual_step_factor, factor) and not (vector and not known)


def _mean_of_function(history: ModelHistory) -> float | None:
    """The mean of the values of a function that is handed over, in Keras' means; None: unknown."""
    if len(history.losses) != 1:
        return None
    (loss,) = history.losses
    measured, elements, mean = (
        losses.loss_column(loss, name) for name in ("measured", "elements", "keras_mean")
    )
    usable = np.isfinite(measured) & np.isfinite(mean) & (mean != 0.0) & (elements > 0)
    if 2 * usable.sum() < len(measured) or not usable.any():
        return None
    times = measured[usable] / elements[usable] / mean[usable]
    middle = float(np.median(times))
    return middle if all(losses.near(float(each), middle) for each in times) else None

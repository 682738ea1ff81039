"""The scale of a loss, and the rules that tell why it is so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tb_bnplugin.diagnose.evidence.losses import keras_class
from tb_bnplugin.diagnose.evidence.step import describe_step, step_factors
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import run_name

SCALES: Final = ("LR101", "LR102", "LR103", "LR105", "LR106", "LR110", "LR113")
"""Codes of what multiplies a loss, or its gradient."""


def is_cause(outcome: Outcome) -> bool:
    """True of a finding that may explain the scale of a loss."""
    return outcome.code in SCALES and outcome.status == "finding" and not outcome.expected


def with_causes(
    outcome: Outcome,
    histories: tuple[ModelHistory, ModelHistory],
    found: tuple[Sequence[Outcome], Sequence[Outcome]],
) -> Outcome:
    """The outcome, whose message ends with the findings that explain it: "See LR101 in 'b'".

    Args:
        outcome: a finding of CR101.
        histories: of the two runs.
        found: what the rules about losses say of either.
    """
    runs: dict[str, list[str]] = {}  # by what was found
    for history, outcomes in zip(histories, found, strict=True):
        names = {
            loss.name for loss in history.losses if keras_class(loss) == outcome.evidence["loss"]
        }
        for each in outcomes:
            if not is_cause(each):
                continue
            loss = each.evidence.get("loss")
            if not isinstance(loss, str) or loss in names:
                of = runs.setdefault(f"{each.code} {each.name}", [])
                name = repr(run_name(history.run))
                of += [name] if name not in of else []
    if not runs:
        return outcome
    told = " and ".join(f"{what} in {' and '.join(of)}" for what, of in runs.items())
    return replace(outcome, message=f"{outcome.message} See {told}.")


def unexplained_factors(history: ModelHistory, outcomes: Sequence[Outcome]) -> str | None:
    """The factors of the loss in one step of which no finding tells; None where there are none."""
    factors = step_factors(history)
    if not factors or describe_step(history) is None:
        return None
    told = {each.code for each in outcomes if each.status == "finding"}
    return None if told & set(SCALES) else " x ".join(factors)

"""One step of the optimizer in words: the learning rate, and the factors of the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.applied import applied_gradient, share_of_a_pass
from tb_bnplugin.diagnose.evidence.given import given_gradient
from tb_bnplugin.diagnose.evidence.gradient_rows import frequent_rows
from tb_bnplugin.diagnose.evidence.gradients import is_known_to_train, measured_gradient
from tb_bnplugin.diagnose.evidence.layers import newest
from tb_bnplugin.diagnose.evidence.optimizer import optimizer_of
from tb_bnplugin.diagnose.evidence.tape import tape_gradient
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import num

PASSES: Final = "passes"
"""A factor of gradients that are added up before a step, beside outputs, rows and replicas."""


def program_sizes(history: ModelHistory) -> dict[str, float]:
    """The numbers of a program that a factor of the loss is made of; NaN where not known."""
    rows = frequent_rows(history)
    outputs = 1.0
    for loss in history.losses:
        outputs = float(np.nan_to_num(losses.loss_column(loss, "outputs")[-1], nan=1.0))
        if not np.isfinite(rows):
            rows = float(losses.loss_column(loss, "batch")[-1])
    return {"outputs": outputs, "rows": rows, "replicas": float(history.facts.replicas)}


def describe_step(history: ModelHistory) -> str | None:
    """One step in words, as "learning rate 0.01 x 10 (outputs) x mean loss".

    None where the loss that trains, its factor, or the optimizer is not known.
    """
    optimizer, rate = optimizer_of(history), float(newest(history.model("learning_rate")))
    factors = step_factors(history)
    if optimizer.name is None or factors is None or not np.isfinite(rate):
        return None
    begin = f"learning rate {num(rate)}"
    if optimizer.cancels:
        return f"{begin} of {optimizer.name}, which divides a factor of the loss out"
    return " x ".join([begin, *factors, "mean loss"])


def step_factors(history: ModelHistory) -> list[str] | None:
    """The factors of Keras' mean of the loss in one step, in words: ["10 (outputs)"].

    [] where it is that mean, or the optimizer divides them out; None where that is not known.
    """
    factor = _factor(history)
    if factor is None:
        return None
    if optimizer_of(history).cancels:
        return []
    passes = _passes(history)
    parts = _parts(factor, program_sizes(history))
    parts += [f"{num(passes)} ({PASSES})"] if passes not in (None, 1.0) else []
    given = given_gradient(history)
    if given is not None and given.in_part is not None:
        scale = f"{num(given.scale)} (loss scale)"
        parts.append(f"1/{scale}" if given.is_divided else scale)
    return parts


def _factor(history: ModelHistory) -> float | None:
    """The number of times that a step holds Keras' mean of the loss, replicas among it."""
    gradient = measured_gradient(history)
    if gradient is not None:
        return gradient.factor if gradient.is_a_multiple else None
    if (of_tape := _factor_of_tape(history)) is not None:
        return of_tape
    known = [loss for loss in history.losses if is_known_to_train(history, loss)]
    if len(known) != 1:
        return None
    found = losses.measure(history, known[0])
    return None if found is None else found.usual_step_factor


def _factor_of_tape(history: ModelHistory) -> float | None:
    """The same, by the gradient of a loop whose steps are of one pass; None: not measured."""
    tape, applied = tape_gradient(history), applied_gradient(history)
    if tape is None or not tape.of_keras or not losses.near(tape.scale, 1.0):
        return None
    several = applied is not None and applied.passes != 1
    return None if tape.factor is None or several else tape.factor * max(history.facts.replicas, 1)


def _passes(history: ModelHistory) -> float | None:
    """The number of backward passes that a step adds up, each of the mean of its rows."""
    applied = applied_gradient(history)
    if applied is None or applied.factor is None or not np.isfinite(applied.passes):
        return None
    share = share_of_a_pass(history, applied.passes)
    return None if share is None else float(round(applied.factor * applied.passes * share, 6))


def _parts(factor: float, sizes: Mapping[str, float]) -> list[str]:
    """The factor as a product of the program's numbers; one number where it is none."""
    if losses.near(factor, 1.0):
        return []
    explained = losses.explain_product(factor, sizes)
    if explained is None:
        return [num(factor)]
    return [
        f"1/{num(sizes[part.removeprefix('1 / ')])} ({part.removeprefix('1 / ')})"
        if part.startswith("1 / ")
        else f"{num(sizes[part])} ({part})"
        for part in explained
    ]

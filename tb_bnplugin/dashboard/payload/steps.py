"""How large the steps of two runs are, in words: optimizer, loss scale, learning rate."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.diagnose.evidence.losses import near, one_rate
from tb_bnplugin.diagnose.evidence.optimizer import optimizer_of
from tb_bnplugin.diagnose.rules.cr101_loss_scale_differs import SAME_WITHIN
from tb_bnplugin.diagnose.views.words import short
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import num, run_name


@dataclass(kw_only=True)
class Said:
    """Sentences of what differs, and names of parts that are the same or were not compared."""

    differs: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)


def name(model: ModelHistory) -> str:
    """A run as rules write it, cut where it is long."""
    return f"'{short(run_name(model.run))}'"


def say_steps(said: Said, here: ModelHistory, there: ModelHistory, scales: Outcome | None) -> None:
    """Say how the steps of two runs differ. `scales`: the outcome of CR101."""
    _say_optimizers(said, here, there)
    quotient = _number(scales, "quotient")
    rates = _rates(here, there, scales)
    proportional = all(optimizer_of(each).scales for each in (here, there))
    if quotient is not None and rates is not None and proportional:
        factor = quotient * rates[0] / rates[1]
        finding = scales is not None and scales.status == "finding"
        if finding or _same(quotient) or _same(factor):  # else one program on other batches
            _say_step(said, (here, there), quotient, rates)
            return
    if scales is None or quotient is None:
        reason = "" if scales is None else (scales.reason or "").rstrip(".")
        said.not_compared.append(f"the scale of the loss{f': {reason}' if reason else ''}")
    elif _same(quotient):
        said.same.append("the scale of the loss")
    else:
        said.differs.append(scales.message)
    if rates is None:
        said.not_compared.append("the learning rates, of which one changes or is not known")
    elif _same(rates[0] / rates[1]):
        said.same.append("the learning rate")
    else:
        what = f"the learning rate of {{}} ({_words(rates)})"
        said.differs.append(_times(here, there, rates[0] / rates[1], what))


def _say_step(
    said: Said,
    runs: tuple[ModelHistory, ModelHistory],
    quotient: float,
    rates: tuple[float, float],
) -> None:
    factor = quotient * rates[0] / rates[1]
    if _same(factor):
        said.same.append("the size of the steps")
        return
    loss = "losses of the same scale"
    if not _same(quotient):
        larger = name(runs[0] if quotient > 1.0 else runs[1])
        times = num(max(quotient, 1.0 / quotient))
        loss = f"for equal predictions the loss of {larger} is {times} times as large"
    said.differs.append(_times(*runs, factor, f"the step of {{}} ({loss}, {_words(rates)})"))


def _times(here: ModelHistory, there: ModelHistory, factor: float, what: str) -> str:
    """One run has several times of what the other has: the one with more first."""
    more, less = (here, there) if factor > 1.0 else (there, here)
    times = max(factor, 1.0 / factor)
    return f"{name(more)} trains with {num(times)} times {what.replace('{}', name(less))}."


def _words(rates: tuple[float, float]) -> str:
    if _same(rates[0] / rates[1]):
        return f"learning rate {num(rates[0])} in both"
    return f"learning rates {num(max(rates))} and {num(min(rates))}"


def _say_optimizers(said: Said, here: ModelHistory, there: ModelHistory) -> None:
    mine, yours = here.facts.optimizer, there.facts.optimizer
    if mine is None or yours is None:
        said.not_compared.append("the optimizers, of which one is not known")
    elif mine == yours:
        said.same.append(f"the optimizer ({mine})")
    else:
        said.differs.append(f"{name(here)} trains with {mine} and {name(there)} with {yours}.")


def _rates(
    here: ModelHistory, there: ModelHistory, scales: Outcome | None
) -> tuple[float, float] | None:
    """The learning rates, where both are known: those that CR101 went by, else as recorded."""
    if _number(scales, "quotient") is not None:
        rates = (_number(scales, "learning_rate"), _number(scales, "other_learning_rate"))
    else:
        runs = (here.newest_process(), there.newest_process())
        rates = (one_rate(runs[0].model("learning_rate")), one_rate(runs[1].model("learning_rate")))
    mine, yours = rates
    return None if not mine or not yours else (mine, yours)


def _number(outcome: Outcome | None, key: str) -> float | None:
    if outcome is None or outcome.status not in {"ok", "finding"}:
        return None
    value = outcome.evidence.get(key)
    return value if isinstance(value, float) and np.isfinite(value) and value > 0.0 else None


def _same(factor: float) -> bool:
    return near(factor, 1.0, SAME_WITHIN)

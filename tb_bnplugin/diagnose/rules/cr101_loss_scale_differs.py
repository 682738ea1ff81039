"""Two runs train the same loss at scales that differ by a constant factor.

What it sees:
    Two runs that train the same loss (mean squared error, for example), where one takes the mean
    over everything and the other sums over outputs or over the batch. The values, and with them
    the gradients, differ by a constant factor.

Why it matters:
    The step of an optimizer such as SGD is the learning rate times the gradient, so a loss ten
    times as large trains as with ten times the learning rate. Two programs that look alike, `fit`
    and your own loop, then train differently for no visible reason.

How it decides:
    In each run the loss was measured on its own labels and predictions, and so was Keras' mean of
    the same loss on the same values. All measurements on batches of the most frequent size agree
    on the factor between the two within 0.5 %. Where only batches of another size were measured,
    and how the loss grows with the batch is not known, no learning rate is told. The factor of one
    replica's loss counts once for each replica, since their gradients are summed. The two factors,
    each times the learning rate of its run, differ by more than 3 %: counts of outputs, rows and
    replicas differ by at least that until there are more than 32 of them, and rounding does not.
    Loss curves are never compared.

    It is a warning where both runs step in proportion to the gradient, as SGD does, at learning
    rates that are known and stay the same, and an info where that is not known. With optimizers
    that divide a gradient by its own size, such as Adam, the factor cancels, and is no more than a
    fact. Losses weighted by sample are not checked: the weights are in the factor. Two logs of one
    program that sums over batches of other sizes are ok here; LR101 tells of the sum.
    Where a rule of one run says why its loss has the scale it has (LR101, LR102, LR103, LR105,
    LR106, LR110, LR113), the finding names it.

What to do:
    Use the same reduction in both programs, or a learning rate that makes up for the factor: the
    finding names it for either program.

When it is fine:
    If the learning rate of each program was tuned for its own loss.

References:
    https://github.com/tensorflow/tensorflow/issues/45923,
    https://keras.io/api/losses/,
    https://www.tensorflow.org/tutorials/distribute/custom_training
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tb_bnplugin.diagnose.evidence.losses import (
    Measurement,
    keras_class,
    learning_rate,
    measure,
    near,
)
from tb_bnplugin.diagnose.evidence.optimizer import Optimizer, optimizer_of
from tb_bnplugin.diagnose.evidence.program import is_one_program
from tb_bnplugin.diagnose.needs import LOSSES
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome, Severity
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import num, run_name

RULE: Final = Rule(code="CR101", name="loss-scale-differs", severity="warning", needs=(LOSSES,))

SAME_WITHIN: Final = 0.03
"""Factors are quotients of counts; closer ones than 32 : 33 do not change how a model trains."""


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One of the two runs."""

    run: str
    measurement: Measurement
    factor: float  # of what is differentiated to Keras' mean, of all replicas
    rate: float | None
    optimizer: Optimizer
    of_usual: bool  # the factor is that of a batch as most are

    @property
    def is_mean(self) -> bool:
        """True if it differentiates Keras' mean itself."""
        return near(self.factor, 1.0, SAME_WITHIN)


def check(history: ModelHistory, other: ModelHistory) -> Outcome:
    """Compare the scales of the loss that both runs have."""
    # a loop that sums over 10 outputs, learning rate 0.01; `fit` with "mse", learning rate 0.01
    # factors to Keras' mean: 10 and 1, times the rates 0.1 and 0.01
    # the loop trains as `fit` would with 0.01 * 10 = 0.1; if `fit` has 0.1, all is well
    ours, theirs = _by_class(history), _by_class(other)
    name = next((name for name in ours if name in theirs), None)
    if name is None:
        return RULE.not_checked(
            "The two runs have no loss in common that is recognised as one of Keras' losses and is"
            " not weighted by sample, so there is no scale to compare."
        )
    mine, yours = _side(history, ours[name]), _side(other, theirs[name])
    if mine is None or yours is None or mine.factor * yours.factor <= 0:
        return RULE.not_checked(
            "The measurements of a run do not agree on one factor to Keras' mean of the loss."
            " Measure batches of the same size."
        )
    quotient = mine.factor / yours.factor
    evidence: dict[str, EvidenceValue] = {
        "loss": name,
        "factor": mine.factor,
        "other_factor": yours.factor,
        "quotient": quotient,
        "learning_rate": mine.rate,
        "other_learning_rate": yours.rate,
        "equal_learning_rate": None if yours.rate is None else yours.rate / quotient,
        "equal_learning_rate_of_other": None if mine.rate is None else mine.rate * quotient,
    }
    unusual = _of_another_batch(mine, yours)
    if unusual is not None:
        evidence |= {"equal_learning_rate": None, "equal_learning_rate_of_other": None}
        if near(quotient, 1.0, SAME_WITHIN) or _rates_make_up(mine, yours):
            return RULE.not_checked(_describe_batch(unusual) + ": measure one of these.")
    if near(quotient, 1.0, SAME_WITHIN):
        return RULE.ok("Both runs scale their loss alike.", evidence=evidence)
    if is_one_program(history, mine.measurement, other, yours.measurement):
        return RULE.ok(
            "Both runs are of one program, whose loss grows with the batch: batches of"
            f" {num(mine.measurement.batch)} and of {num(yours.measurement.batch)} rows. See"
            " LR101.",
            evidence=evidence,
        )
    theirs_in_words = "that mean" if yours.is_mean else f"{num(yours.factor)} times that mean"
    scales = (
        f"{mine.run!r} differentiates {'' if mine.is_mean else f'{num(mine.factor)} times '}"
        f"Keras' mean of {name}, {yours.run!r} {theirs_in_words}"
    )
    if mine.optimizer.cancels and yours.optimizer.cancels and not _clips(mine, yours):
        return RULE.fact(
            f"{scales}, which {_optimizers(mine, yours)} divides out, up to epsilon. What"
            " regularizes weights in the loss still sees the factor.",
            evidence=evidence,
            steps=mine.measurement.steps,
        )
    if _rates_make_up(mine, yours):
        return RULE.ok(f"{scales}, and the learning rates make up for it.", evidence=evidence)
    effect, severity = _effect(mine, yours)
    return RULE.finding(
        message=f"{scales}: {effect}.",
        fix=_fix(mine, yours),
        evidence=evidence,
        steps=mine.measurement.steps,
        severity=severity,
    )


def _effect(mine: _Side, yours: _Side) -> tuple[str, Severity]:
    """The effect of the two factors on the steps, and how bad that is."""
    factor = mine.factor / yours.factor
    quotient = f"a factor of {num(max(factor, 1 / factor))}"
    if mine.optimizer.cancels and yours.optimizer.cancels:
        return (
            f"{quotient}, which {_optimizers(mine, yours)} divides out, but which decides what is"
            " clipped"
        ), "info"
    if mine.optimizer.scales and yours.optimizer.scales:
        if mine.rate is None or yours.rate is None:
            return f"{quotient}, unless the learning rates make up for it", "info"
        steps = factor * mine.rate / yours.rate
        unusual = _of_another_batch(mine, yours)
        of = "" if unusual is None else f" in batches of {num(unusual.measurement.batch)} rows"
        return (
            f"at learning rates of {num(mine.rate)} and {num(yours.rate)} the steps of"
            f" {(mine if steps > 1 else yours).run!r} are {num(max(steps, 1 / steps))} times as"
            f" large{of}"
        ), "warning"
    return (
        f"with an optimizer such as SGD {quotient} of the step; Adam and others that divide a"
        " gradient by its own size divide it out"
    ), "info"


def _fix(mine: _Side, yours: _Side) -> str:
    mean = next((side for side in (mine, yours) if side.is_mean), None)
    use = "Use the same reduction in both."
    if mean is not None:
        use = f"Use Keras' mean in {(yours if mean is mine else mine).run!r} too."
    if mine.optimizer.cancels and yours.optimizer.cancels:
        return use
    unusual = _of_another_batch(mine, yours)
    if unusual is not None:
        rate = "measure one of these for the learning rate that makes up for it"
        return f"{use} {_describe_batch(unusual)}: {rate}."
    rates = (
        f"{_equal(mine, like=yours)} trains {mine.run!r} like {yours.run!r},"
        f" {_equal(yours, like=mine)} trains {yours.run!r} like {mine.run!r}"
    )
    if mine.optimizer.scales and yours.optimizer.scales:
        return f"{use} Or make up for it: {rates}."
    return (
        f"{use} With SGD the learning rate may make up for it: {rates}; with Adam nothing is to be"
        f" done. The optimizers: {_optimizers(mine, yours)}."
    )


def _of_another_batch(mine: _Side, yours: _Side) -> _Side | None:
    """The run whose factor is that of a batch as few are; None: there is none."""
    return next((side for side in (mine, yours) if not side.of_usual), None)


def _describe_batch(side: _Side) -> str:
    found = side.measurement
    return (
        f"{side.run!r} was measured on batches of {num(found.batch)} rows only, and most have"
        f" {num(found.usual)}"
    )


def _equal(side: _Side, *, like: _Side) -> str:
    """The learning rate with which one run trains like the other."""
    quotient = like.factor / side.factor
    if like.rate is None:
        return f"{num(quotient)} times the learning rate of {like.run!r}"
    return f"`learning_rate={num(like.rate * quotient)}`"


def _rates_make_up(mine: _Side, yours: _Side) -> bool:
    if mine.rate is None or yours.rate is None:
        return False
    return near(mine.factor * mine.rate, yours.factor * yours.rate, SAME_WITHIN)


def _optimizers(mine: _Side, yours: _Side) -> str:
    names = [side.optimizer.name or f"that of {side.run!r} is not known" for side in (mine, yours)]
    return ", ".join(dict.fromkeys(names))


def _clips(mine: _Side, yours: _Side) -> bool:
    return bool(mine.optimizer.clipping or yours.optimizer.clipping)


def _side(history: ModelHistory, measurement: Measurement) -> _Side | None:
    """One run with its factor; None where its measurements do not agree on one."""
    factor = measurement.usual_step_factor
    if measurement.step_factor is None:
        return None
    return _Side(
        run=run_name(history.run),
        measurement=measurement,
        factor=measurement.step_factor if factor is None else factor,
        rate=learning_rate(history, measurement.loss),
        optimizer=optimizer_of(history),
        of_usual=factor is not None,
    )


def _by_class(history: ModelHistory) -> dict[str, Measurement]:
    """The first loss of each recognised Keras class whose factor holds nothing but counts."""
    found: dict[str, Measurement] = {}
    for loss in history.losses:
        name, measurement = keras_class(loss), measure(history, loss)
        weighted = loss.facts is not None and loss.facts.weighted
        if name is not None and measurement is not None and not weighted:
            found.setdefault(name, measurement)
    return found

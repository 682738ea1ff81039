"""The moving statistics do not fit what goes through the layer.

What it sees:
    Layers that train and whose moving variance differs from the variance of their batches by more
    than a factor of two, record after record and in the same direction. And, in the probes, layers
    whose moving mean or variance do not fit what enters them at inference, while the model does
    much worse with the moving statistics than with those of the batch: frozen layers, a momentum
    of 1, loaded statistics of other data.

Why it matters:
    The layer normalizes with the batch in training, and with the moving statistics in evaluation.
    While they differ, validation measures another network: the momentum is too high for
    statistics that keep changing; the statistics are of other data, of inputs scaled otherwise or
    of another layer; or they were left at 0 and 1 where weights were loaded.

How it decides:
    Always channel by channel, with epsilon as the layer adds it, medians over the channels. Layers
    that train: the newest ten records or more, which cover at least as many updates as the moving
    average remembers, 1 / (1 - momentum). What is left of the starting value is taken out. In
    every one of them the moving variance lies on the same side of that of the batches, and the
    median is beyond a factor of two, and beyond four times the change from record to record. It
    is an info until the model is evaluated in these records. By the probe: the moving variance is
    beyond a factor of two, or the moving mean beyond half a standard deviation, and beyond four
    standard errors of the held batch; and its accuracy is lower with moving statistics by 5 % of
    the rows and nine rows or more (without classes: its loss is higher by half), or all rows
    give the same output (BN109). Layers that adapt must show it in two probes. Mean and variance
    that would fit in each other's place are told in any case, and as an info frozen layers that
    still have 0 and 1. Left out are layers whose starting value still matters (BN201), that train
    around initial statistics (BN101), that follow their batches (BN208), that lie behind one that
    epsilon decides (BN213), or that never ran. Without `probe_data`, layers that are not
    updated are not checked.

What to do:
    Layers that train: lower the momentum, so that the statistics follow,
    `BatchNormalization(momentum=0.9)`, or lower the learning rate. Loaded or frozen layers: load
    all of `layer.weights`, in their order (gamma, beta, moving mean, moving variance), and scale
    the inputs as they were when the statistics were made. Or estimate the statistics again from the
    data that the model is trained on, prepared as for the training step,

        tb_bnplugin.recalibrate(model, (x, y))

    with `frozen=True` for layers that are frozen, and for those before the head is trained, whose
    loss says nothing yet, without labels: `tb_bnplugin.recalibrate(model, x, frozen=True)`. Where a
    recalibration made the statistics of such layers, its data were not those: the fix says so.

When it is fine:
    Batches of one kind each (one domain or one class a batch) differ among themselves, and are
    not reported. A frozen base on other data is fine where the head adapts to what it gives: then
    the model is no worse with moving statistics, and nothing is reported. If the data change on
    purpose, declare it with `expect=("BN202",)`.

References:
    https://github.com/keras-team/keras/issues/3949,
    https://github.com/affinelayer/pix2pix-tensorflow/issues/126,
    https://github.com/keras-team/keras/issues/11867
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.adaptation import can_adapt, updates_to_fit
from tb_bnplugin.diagnose.evidence.batch_gap import BatchGap, batch_gap
from tb_bnplugin.diagnose.evidence.epsilon import epsilon_gap
from tb_bnplugin.diagnose.evidence.layers import (
    Mask,
    all_executions,
    executions,
    layers_where,
    newest,
    started_as,
)
from tb_bnplugin.diagnose.evidence.misfit import Misfit, comparable, find_misfit
from tb_bnplugin.diagnose.evidence.probe_gap import ProbeGap, probe_gap
from tb_bnplugin.diagnose.fixes import PREPARED, RECALIBRATE, RECALIBRATE_FROZEN
from tb_bnplugin.diagnose.needs import COUNTED, PROBE_CALL
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome
from tb_bnplugin.diagnose.recalibrated import of_recalibration
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import num, times_that

RULE: Final = Rule(code="BN202", name="statistics-gap", severity="warning", needs=(COUNTED,))

LOAD_ALL: Final = (
    "Load or copy all of `layer.weights`, in their order: gamma, beta, moving mean, moving"
    " variance."
)
SCALED: Final = (
    "Scale the inputs as they were when the statistics were made: a model that rescales them"
    " itself gets pixels from 0 to 255."
)
AGAIN: Final = f"Or estimate the statistics again from the training data, {PREPARED}"
WHAT: Final = {
    "swapped": "had moving mean and moving variance in each other's place, so that they did not"
    " fit what entered at inference",
    "unfilled": "were frozen with moving statistics at their initial values, which did not fit what"
    " entered at inference",
    "fixed": "had moving statistics that nothing updates and did not fit what entered at inference",
    "slow": "had moving statistics that did not fit what entered at inference",
}
"""By the kind of misfit."""

FOLLOWING: Final = (
    "Moving statistics follow the batches of training; what enters at inference differs from them:"
    " see BN208."
)


def check(history: ModelHistory) -> Outcome | list[Outcome]:
    """Look for moving statistics that are not those of the data."""
    batches, probe = batch_gap(history), probe_gap(history)
    explained = epsilon_gap(history).following  # BN213
    lagging = batches.apart & ~explained
    found = [_lagging(history, batches, probe, lagging)] if lagging.any() else []
    fits = batches.judged & ~batches.apart
    if probe is not None:
        known = comparable(history, probe) & ~batches.apart & ~explained
        misfit = find_misfit(history, probe, known, batches.judged)
        if misfit is not None and misfit.kind == "following":
            return found or RULE.not_checked(FOLLOWING)
        if misfit is not None:
            found.append(_misfit(history, probe, misfit))
        fits |= known & (~probe.apart[-1] | (probe.scored & ~probe.worse[-1]))
        fits &= ~probe.mixed
    if found:
        return found
    if explained.any():
        return RULE.not_checked("BN213 epsilon-dominates explains statistics that do not fit.")
    unknown = (all_executions(history)[-1] > 0) & ~fits
    if unknown.any() or not fits.any():
        return RULE.not_checked(_why_unknown(history, probe, unknown, fits))
    if probe is not None and (probe.apart[-1] & fits).any():
        return RULE.ok(f"The model does as well with moving statistics. {probe.score}")
    return RULE.ok("Moving statistics follow those of the batches.")


def _lagging(history: ModelHistory, gap: BatchGap, probe: ProbeGap | None, wrong: Mask) -> Outcome:
    evaluated = _evaluated(history, gap.first)
    worst = int(np.argmax(np.where(wrong, np.abs(gap.shift), -1.0)))
    shift = float(gap.shift[worst])
    factor = math.exp(abs(shift))
    records = len(history.steps) - gap.first
    harmless = not evaluated or (probe is not None and probe.same)
    return RULE.layer_finding(
        history,
        wrong,
        f"kept a moving variance {times_that(math.exp(shift))} of its batches over the"
        f" last {records} records.",
        fix=(
            "Lower the momentum so that the statistics follow, for example"
            " `BatchNormalization(momentum=0.9)`, or lower the learning rate."
            f" {AGAIN}, before you evaluate: {RECALIBRATE}."
        ),
        evidence={
            "factor": round(factor, 4),
            "noise": round(float(gap.noise[worst]), 4),
            "records": records,
            "evaluated_meanwhile": evaluated,
        },
        steps=(int(history.steps[gap.first]), int(history.steps[-1])),
        severity="info" if harmless else None,
    )


def _misfit(history: ModelHistory, probe: ProbeGap, misfit: Misfit) -> Outcome:
    first = int(np.flatnonzero(misfit.layers)[0])
    factor, off = math.exp(float(probe.shift[first])), float(probe.mean[first])
    path = history.facts.layers[first].path
    evidence: dict[str, EvidenceValue] = {
        "first_layer": path,
        "variance_factor": factor,
        "mean_off": off,
    }
    if misfit.kind == "swapped":
        evidence["swapped"] = True
    return RULE.layer_finding(
        history,
        misfit.layers,
        f"{WHAT[misfit.kind]}: in {path} the moving variance is {times_that(factor)} of the held"
        f" batch, and the moving mean {num(off)} standard deviations off. {probe.score}",
        fix=_cure(history, probe, misfit),
        evidence=evidence,
        steps=(probe.since(misfit.layers), probe.step),
        severity="info" if misfit.kind == "unfilled" and not misfit.costs else None,
    )


def _cure(history: ModelHistory, probe: ProbeGap, misfit: Misfit) -> str:
    wrong = misfit.layers
    if misfit.kind == "swapped":
        return LOAD_ALL
    if cure := of_recalibration(history, probe, wrong):
        return cure
    if misfit.kind == "unfilled":
        return (
            f"{LOAD_ALL} Where weights are loaded by name, the names of these layers must be those"
            f" of the file. {AGAIN}: {RECALIBRATE_FROZEN}."
        )
    if misfit.kind == "fixed":
        stuck = (layers_where(history, lambda layer: layer.momentum == 1.0) & wrong).any()
        cure = (
            "With momentum=1 no update ever changes them: set `BatchNormalization(momentum=0.99)`."
            if stuck
            else LOAD_ALL
        )
        frozen = _frozen(history, wrong)
        again = (
            f", before the head is trained: {RECALIBRATE_FROZEN}" if frozen else f": {RECALIBRATE}"
        )
        return f"{cure} {SCALED} {AGAIN}{again}."
    updates = updates_to_fit(history, probe.mean, probe.shift)[wrong].max()
    longer = f"At this momentum they need about {updates:,.0f} more updates."
    if started_as(history, "initializer")[wrong].all():  # of no other data, only late
        first = f"Train on, or lower the momentum, for example to 0.9. {longer}"
    else:
        first = f"{SCALED} {longer}"
    return f"{first} {AGAIN}: {RECALIBRATE}."


def _evaluated(history: ModelHistory, first: int) -> bool:
    inference = executions(history, "inference", ("no_tape", "evaluate")).sum(axis=1)
    evaluations = np.nan_to_num(history.model("evaluations"))
    return bool(inference[-1] > inference[first] or evaluations[-1] > evaluations[first])


def _why_unknown(history: ModelHistory, probe: ProbeGap | None, unknown: Mask, fits: Mask) -> str:
    """The reason why nothing is known of some layers, of those that are not updated first."""
    others = " The statistics of the other layers follow their batches." if fits.any() else ""
    fixed = unknown & ~can_adapt(history)
    if fixed.any() and probe is None:
        layers = "Frozen layers" if _frozen(history, fixed) else "Layers that are not updated"
        return (
            f"{layers} are compared with the data in probes: pass probe_data=(x, y) to the"
            f" callback, or call {PROBE_CALL}.{others}"
        )
    if probe is not None and not probe.scored and (probe.apart[-1] & unknown).any():
        return (
            "Moving statistics do not fit the held batch; whether the model is worse for it was"
            f" not scored. Give the probe labels and a loss.{others}"
        )
    if probe is not None and (probe.mixed & unknown).any():
        return f"Layers called on inputs of different distributions: see BN211.{others}"
    if not unknown.any():
        return "No batch normalization layer ran yet."
    return (
        "No layer was updated for long enough after its starting value wore off, in records"
        " from which its batch statistics can be recovered."
        if not others
        else "Some layers were not updated for long enough after their starting value wore off."
        f"{others}"
    )


def _frozen(history: ModelHistory, layers: Mask) -> bool:
    return bool((newest(history.layer("trainable"))[layers] == 0.0).all())

"""The model does otherwise with moving than with batch statistics, and its layers train.

What it sees:
    In the probes, a loss or an accuracy that is much worse with moving statistics than with those
    of the held batch, though the moving statistics follow the batches of training: these batches
    differ from what enters at inference. Or one that is much better with them, since each batch of
    training has less variance than the held one. With the layers that cause it.

Why it matters:
    The model is trained with the statistics of its batches, and used with moving ones. Where both
    differ, validation measures another network than the one that was trained, and no further
    training closes the gap. Dropout before a layer raises the variance in training alone; a low
    momentum keeps the last batch; batches of one class or one recording each have the statistics
    of that one, and the layer takes away what tells them apart.

How it decides:
    The two newest probes must agree. Where none of the causes below is known, the statistics may
    only be late: then three must, and the newest gap be more than half of the one before. Moving
    statistics are worse where the accuracy is lower by 5 % of the rows, and by nine rows or more
    (without classes: where the loss is higher by half), and the statistics of layers that follow
    their batches (as BN202 has it) do not fit what enters at inference: by more than a factor of
    two in variance or half a standard deviation in mean, and beyond four standard errors. They are
    better by the same measure where the held batch has 32 rows or more and layers that train once a
    step have a moving variance below half of that of the held batch. Of these layers those are
    named that the attribution of the gap names: passes of the held batch in which one layer has its
    moving statistics and all others the right ones, with the share of each in what they cost one by
    one. Where the first layer gets, on the held batch, more than 16 times the variance of the
    newest batches of training, or less than 1/16, beyond what the distances of their means explain,
    the inputs are scaled otherwise: told also while the starting value of the statistics lasts. The
    graph tells whether Dropout stands before a layer: then 2 % of the rows, or a loss higher by a
    fifth, are enough. What BN101, BN201, BN202, BN211 and the like explain is told there; a probe
    without a score, or a single one, is not checked.

What to do:
    Put Dropout behind the last normalization; with a low momentum, keep more of the batches,
    `BatchNormalization(momentum=0.9)` (what PyTorch calls 0.1); shuffle rows that are in the order
    of their class or source, `dataset.shuffle(len(x))`; prepare the inputs of training and
    evaluation alike. Where the batches of training are as far from the moving mean, it lags behind
    them: subtract the mean of the inputs, or call `tb_bnplugin.recalibrate(model, (x, y))` with
    data prepared as for the training step before each validation.

When it is fine:
    With batches of one kind on purpose, as in adaptation to a domain or for the two halves of a
    GAN: declare it with `expect=("BN208",)`. A held batch of one kind says nothing of the model:
    give the probe a batch as mixed as those of training.

References:
    https://github.com/keras-team/keras/issues/473,
    https://github.com/keras-team/tf-keras/issues/120,
    https://github.com/huggingface/transformers/issues/19454
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.adaptation import can_adapt
from tb_bnplugin.diagnose.evidence.batch_gap import batch_gap
from tb_bnplugin.diagnose.evidence.gap_causes import NAMED, GapCauses, behind_dropout, gap_causes
from tb_bnplugin.diagnose.evidence.lagging import lag_of_mean
from tb_bnplugin.diagnose.evidence.layers import Mask, chosen, newest, paths
from tb_bnplugin.diagnose.evidence.misfit import (
    PROBES_AT_LEAST,
    comparable,
    find_following,
    find_misfit,
)
from tb_bnplugin.diagnose.evidence.mode_gap import mode_gap
from tb_bnplugin.diagnose.evidence.probe_gap import LOG_GAP, ProbeGap, probe_gap
from tb_bnplugin.diagnose.evidence.rescaled import Rescaled, rescaled
from tb_bnplugin.diagnose.evidence.training import updates_a_step
from tb_bnplugin.diagnose.fixes import catch_up, held_batch, probe_beside_validation
from tb_bnplugin.diagnose.needs import COUNTED, PROBE
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.diagnose.unnamed import why_no_layer
from tb_bnplugin.history.model import Floats, ModelHistory
from tb_bnplugin.printed import num, times_as, times_that

RULE: Final = Rule(
    code="BN208",
    name="mode-gap",
    severity="warning",
    needs=(COUNTED, PROBE),
    explained_by=("BN104", "BN107", "BN203", "BN204", "BN205", "BN207", "BN209", "BN211", "BN213"),
)

LOW_MOMENTUM: Final = 0.5
"""Momentum: with less the statistics are those of the last batch or two."""

ENOUGH_ROWS: Final = 32
"""Rows of the held batch: with fewer, its own statistics are too rough to be held against any."""

ONE_UPDATE: Final = 1.5
"""Updates a step below which it is one: two batches of one kind each are a GAN's."""

LATE_PROBES: Final = 3
"""Probes that must agree where no cause is known: in the first epochs the statistics are late."""

WORSE: Final = "made the model do worse with moving statistics than with those of the batch"
BETTER: Final = (
    "trained on batches that have less variance than the held one, so that the model does worse"
    " with batch statistics"
)
DROPOUT: Final = (
    "Dropout stands before {layers}: it raises the variance in training alone. Put it behind the"
    " last normalization."
)
SHUFFLE: Final = (
    "Shuffle the rows, so that each batch is as mixed as the data: with batches of one class or"
    " one source, a layer takes away what tells them apart."
)
LAGS: Final = (
    "The moving mean lags: also the batches of training are {lag} standard deviations away from"
    " it, since their means move faster than the average follows. {cure}"
)
SCALED: Final = (
    "What enters {path} on {held} is about {times} as in the batches of training: scale"
    " the inputs of training and evaluation alike. `x / 255` may stand in one place and not in the"
    " other.{places}"
)
ALIKE: Final = (
    "Prepare the inputs of training and evaluation alike: the layers follow the batches of"
    " training, which differ from the held batch."
)


def check(history: ModelHistory) -> Outcome:
    """Look for a gap of the modes in layers that follow their batches."""
    whole, probe = mode_gap(history.probe), probe_gap(history)
    if not whole.scored[-1]:
        return RULE.not_checked("The newest probe has no score. Give it labels and a loss.")
    if whole.same[-1] and not whole.better[-1]:
        return RULE.ok(f"The model does as well in either mode. {whole.text[-1]}")
    if probe is None:
        return RULE.not_checked(f"{whole.text[-1]} Nothing is known of the layers in the probe.")
    if len(probe.worse) < PROBES_AT_LEAST:
        return RULE.not_checked(f"{probe.score} One probe alone may be gone at the next.")
    if probe.better[-1]:
        return _judge_better(history, probe)
    return _judge_worse(
        history,
        probe,
        lasting=not whole.same[-PROBES_AT_LEAST:].any(),
        closing=bool(whole.closing[-1]),
    )


def _judge_worse(
    history: ModelHistory, probe: ProbeGap, *, lasting: bool, closing: bool
) -> Outcome:
    """Layers that follow their batches, where the model loses much.

    Where Dropout stands before them it is known why, and any loss that lasts is enough.
    """
    batches, causes = batch_gap(history), gap_causes(history)
    scaled = rescaled(history, probe)
    if scaled is not None:
        first = np.arange(len(history.facts.layers)) == scaled.layer
        return _finding(history, probe, causes, first, worse=True, scaled=scaled)
    known = comparable(history, probe) & ~batches.apart
    misfit = find_misfit(history, probe, known, batches.judged)
    off = find_following(history, probe, known, batches.judged)
    if not probe.worse[-PROBES_AT_LEAST:].all():
        off &= behind_dropout(history) & (_own(probe, causes)[0] > LOG_GAP) & lasting
    wrong = _causing(off, causes)
    if not wrong.any() or (misfit is not None and misfit.kind != "following"):
        return RULE.not_checked(
            f"{probe.score} {why_no_layer(history, probe, known, batches.judged, misfit)}"
        )
    if not _cures(history, wrong, _own(probe, causes)[0]):
        late = probe.apart[-LATE_PROBES:, wrong].any(axis=1) & probe.worse[-LATE_PROBES:]
        if closing or len(late) < LATE_PROBES or not late.all():
            return RULE.not_checked(
                f"{probe.score} The statistics may only be late: that shows in {LATE_PROBES} probes"
                " in which the gap does not close."
            )
    return _finding(history, probe, causes, wrong, worse=True)


def _judge_better(history: ModelHistory, probe: ProbeGap) -> Outcome:
    """Layers whose batches have less variance than the held one: it is normalized otherwise."""
    causes, lasting = gap_causes(history), bool(probe.better[-PROBES_AT_LEAST:].all())
    shift, _ = _own(probe, causes)
    rows = history.probe.moving.get("batch") if history.probe else None
    once = updates_a_step(history)[0] < ONE_UPDATE if len(history.steps) > 1 else False
    narrow = comparable(history, probe) & can_adapt(history) & probe.apart[-1] & once
    narrow &= (shift < -LOG_GAP) & (probe.calls == 1)
    wrong = _causing(narrow, causes)
    if not lasting or rows is None or not newest(rows) >= ENOUGH_ROWS or not wrong.any():
        return RULE.ok(f"Nothing is lost with moving statistics. {probe.score}")
    return _finding(history, probe, causes, wrong, worse=False)


def _causing(layers: Mask, causes: GapCauses) -> Mask:
    """Those of the layers that cause the gap, where that was measured; else all of them."""
    return layers & (causes.layers | ~np.isfinite(causes.share))


def _finding(
    history: ModelHistory,
    probe: ProbeGap,
    causes: GapCauses,
    wrong: Mask,
    *,
    worse: bool,
    scaled: Rescaled | None = None,
) -> Outcome:
    first = int(np.flatnonzero(wrong)[0])
    path = history.facts.layers[first].path
    shift, mean = _own(probe, causes)
    factor, off = math.exp(float(shift[first])), float(mean[first])
    shares = causes.text(history, wrong)
    cures = _cures(history, wrong, shift) if scaled is None else [_alike(history, path, scaled)]
    return RULE.layer_finding(
        history,
        wrong,
        f"{WORSE if worse else BETTER}: in {path} the moving variance is {times_that(factor)}"
        f" of {held_batch(history)}, and the moving mean {num(off)} standard deviations off."
        f" {probe.score}"
        f"{f' Share of the gap, layer by layer: {shares}.' if shares else ''}",
        fix=" ".join(cures or [_lags(history, wrong) or ALIKE + probe_beside_validation(history)]),
        evidence={
            "first_layer": path,
            "variance_factor": factor,
            "mean_off": off,
            "behind_dropout": int(_dropped(history, wrong, shift).sum()),
            **({} if scaled is None else {"inputs_times": scaled.times}),
        },
        steps=(probe.since(wrong), probe.step),
    )


def _own(probe: ProbeGap, causes: GapCauses) -> tuple[Floats, Floats]:
    """The shift and the gap of the means [layers], where known without what others do wrong."""
    known = np.isfinite(causes.shift)
    return np.where(known, causes.shift, probe.shift), np.where(known, causes.mean, probe.mean)


def _dropped(history: ModelHistory, wrong: Mask, shift: Floats) -> Mask:
    """Those of the layers that get what Dropout gave, with more variance in training."""
    return behind_dropout(history) & wrong & (shift > 0)


def _cures(history: ModelHistory, wrong: Mask, shift: Floats) -> list[str]:
    """The cures of the causes that are known; none where the statistics may only be late."""
    cures = []
    behind = _dropped(history, wrong, shift)
    if behind.any():
        cures.append(DROPOUT.format(layers=", ".join(paths(history, behind)[:NAMED])))
    lowest = min(layer.momentum or 0.0 for layer in chosen(history, wrong))
    if lowest <= LOW_MOMENTUM:
        cures.append(
            f"With momentum={num(lowest)} the statistics are those of the last batch or two. What"
            " PyTorch calls a momentum of 0.1 is 0.9 in Keras: `BatchNormalization(momentum=0.9)`."
        )
    if (shift[wrong] < -LOG_GAP).any():
        cures.append(SHUFFLE)
    return cures


def _alike(history: ModelHistory, path: str, scaled: Rescaled) -> str:
    times = times_as(scaled.times)
    held, places = held_batch(history), probe_beside_validation(history)
    return SCALED.format(path=path, times=times, held=held, places=places)


def _lags(history: ModelHistory, wrong: Mask) -> str | None:
    lag = lag_of_mean(history, wrong)
    return None if lag is None else LAGS.format(lag=num(lag), cure=catch_up(history))

"""The moving statistics change while the model is evaluated or predicts.

What it sees:
    Executions in training mode in Keras' evaluate or predict, in `watch.evaluating()`, or in
    bursts outside a gradient tape between two steps of the optimizer.

Why it matters:
    Evaluation then changes the model. The result depends on the batch size, the order of the data
    and the number of repetitions, statistics of the validation data leak into the model, and the
    model that is saved is not the one that was trained.

How it decides:
    Error: an execution in training mode was counted in evaluate or predict. Warning: a layer that
    also runs under a tape had bursts of executions in training mode outside a tape. There were
    two or more, each of at least four executions and more than three a step between two records,
    in at most a quarter of the steps, with steps without any in between. Info: there was one burst
    (re-estimating the statistics is one too), or a whole number of executions at every step (a
    generator that runs outside a tape). Executions by the first record are left out, since one
    call often builds the model. Layers with a momentum of 1 have nothing to update. Unknown
    contexts are left out. Where missing records make these cases look the same, the rule is not
    checked.

What to do:
    Pass `training=False` to the model when evaluating. Look for a `call` whose `training`
    defaults to True, or a layer that is called with `training=True`:

        def call(self, x, training=None):

    To keep Dropout on in predictions (Monte Carlo dropout), let it alone run so, by a subclass of
    `Dropout` whose `call` passes `training=True` on, and the model with `training=False`.

When it is fine:
    Adaptation to the test data, pix2pix, and re-estimating the statistics by running the model in
    training mode: declare it with `expect=("BN104",)`.

References:
    https://github.com/keras-team/keras/pull/23166,
    https://github.com/tensorflow/tensorflow/issues/29478
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    Mask,
    count,
    count_layers,
    executions,
    newest,
    paths,
)
from tb_bnplugin.diagnose.evidence.momentum import movable
from tb_bnplugin.diagnose.fixes import evaluate_in_inference_mode, evaluate_outside_of_training
from tb_bnplugin.diagnose.needs import RECORDS, by_fit
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory

RULE: Final = Rule(
    code="BN104", name="updates-during-evaluation", severity="error", needs=(RECORDS,)
)

BURSTS_FOR_A_WARNING: Final = 2
"""A single burst may re-estimate the statistics, as precise batch normalization does once."""

SMALLEST_BURST: Final = 4
"""Executions. Fewer are the call that builds a layer, a picture drawn, or a generator."""

MORE_A_STEP: Final = 3
"""Executions a step that a burst exceeds: a GAN may run its generator up to three times."""

SHARE_OF_STEPS: Final = 0.25
"""Share of the steps that bursts may cover: training in turns covers a half or a third."""


def check(history: ModelHistory) -> Outcome:
    """Look for executions in training mode while the model is evaluated."""
    evaluating = executions(history, "training", ("evaluate", "predict")) * movable(history)
    if evaluating[-1].any():
        return _evaluated(history, evaluating)
    uncounted = count(history, "uncounted_loop_changes") * movable(history)
    if uncounted.any():
        return _changed_uncounted(history, uncounted)
    outside = executions(history, "training", ("no_tape",)) * movable(history)
    outside = outside * (_under_tape(history)[-1] > 0)
    bursts = _find_bursts(history, outside)
    if bursts.any():
        return _burst(history, outside, bursts)
    every_step = _every_step(history, outside)
    if every_step.any():
        return _at_every_step(history, outside, every_step)
    if (outside[-1] - outside[0] >= SMALLEST_BURST).any():
        nearer = (
            "Set a smaller update_freq"
            if by_fit(history)
            else "Record more often, or mark the evaluation with `watch.evaluating()`"
        )
        return RULE.not_checked(
            "Layers ran in training mode outside a gradient tape, but the records are too far"
            f" apart to tell an evaluation from a part of each step. {nearer}."
        )
    inside = executions(history, "inference", ("evaluate", "predict", "no_tape"))
    if inside[-1].any():
        return RULE.ok("No layer ran in training mode while the model was evaluated.")
    if (count(history, "uncounted_loops") > 0).any():
        return RULE.ok(
            "The statistics were the same before and after each evaluation, whose function was"
            " made before the model was watched."
        )
    return RULE.not_checked("The model was not evaluated yet, and made no predictions.")


def _under_tape(history: ModelHistory) -> Floats:
    """Executions [records, layers] under a tape, in either mode: the two may be mixed up."""
    return executions(history, "training", ("tape",)) + executions(history, "inference", ("tape",))


def _find_bursts(history: ModelHistory, outside: Floats) -> Mask:
    """Between which records [records - 1, layers] a burst of executions lies."""
    # step                     1  2  3  4  5
    # outside a tape           0  0  8  8  8     8 in one step: a burst, above 3 * 1 step
    # under a tape             1  2  3  4  5     steps 4 and 5 train without executions outside
    # covered: 1 of 4 steps, at most a quarter
    gained = np.diff(outside, axis=0)
    steps = np.diff(history.steps)[:, None]
    trained = np.diff(_under_tape(history), axis=0)
    without_any = ((gained == 0) & (trained > 0)).any(axis=0)
    bursts = (gained >= SMALLEST_BURST) & (gained > MORE_A_STEP * steps) & without_any
    seldom = (bursts * steps).sum(axis=0) <= SHARE_OF_STEPS * steps.sum()
    return np.asarray(bursts & seldom, bool)


def _every_step(history: ModelHistory, outside: Floats) -> Mask:
    """Layers [layers] executed a whole number of times at each step outside a tape."""
    if len(history.steps) < 3:
        return np.zeros(outside.shape[1], bool)
    rates = np.diff(outside, axis=0) / np.diff(history.steps)[:, None]
    return np.asarray((rates[0] >= 1) & (rates[0] % 1 == 0) & (rates == rates[0]).all(axis=0), bool)


def _evaluated(history: ModelHistory, evaluating: Floats) -> Outcome:
    wrong = evaluating[-1] > 0
    predicting = executions(history, "training", ("predict",))[-1][wrong].max()
    first, last = _growth(history, evaluating)
    noted = newest(history.layer("evaluated_first_step"))[wrong]  # that record may be missing
    if np.isfinite(noted).any():
        first = min(first, int(np.nanmin(noted)))
    return RULE.layer_finding(
        history,
        wrong,
        "ran in training mode in evaluate or predict, which changes moving mean and variance.",
        fix=(
            f"{evaluate_in_inference_mode(history)} If this is intended (adaptation to test"
            ' data), declare `expect=("BN104",)`.'
        ),
        evidence={
            "executions_in_evaluate_or_predict": int(evaluating[-1].max()),
            "executions_in_predict": int(predicting),
        },
        steps=(first, last),
    )


def _changed_uncounted(history: ModelHistory, loops: Floats) -> Outcome:
    """The finding where statistics differ after a loop of which nothing was counted."""
    wrong = loops > 0
    most = int(loops[wrong].max())
    return RULE.layer_finding(
        history,
        wrong,
        f"had other moving statistics after {most} evaluate or predict loop{'s' * (most > 1)} than"
        " before. The function that ran was made before the model was watched, so its mode is not"
        " known.",
        fix=evaluate_in_inference_mode(history),
        evidence={
            "loops_that_changed_them": most,
            "loops_not_counted": int(count(history, "uncounted_loops")[wrong].max()),
        },
        since="statistics_first_step",
        severity="warning",
    )


def _burst(history: ModelHistory, outside: Floats, bursts: Mask) -> Outcome:
    wrong: Mask = np.any(bursts, axis=0)
    count = int(bursts.sum(axis=0).max())
    # of two bursts between records that are given one is seen
    least = " or more" if history.records_made > len(history.steps) else ""
    times = f"{count} burst{'s' if count > 1 else ''}{least}"
    return RULE.layer_finding(
        history,
        wrong,
        f"ran in training mode outside a gradient tape in {times} between steps of the optimizer."
        " This looks like an evaluation that changes moving mean and variance.",
        fix=(
            f"{evaluate_outside_of_training(history)} If the statistics are re-estimated on"
            ' purpose, declare `expect=("BN104",)`.'
        ),
        evidence={"bursts": count, "executions_outside_a_tape": int(outside[-1].max())},
        steps=_growth(history, outside[:, wrong]),
        severity="warning" if count >= BURSTS_FOR_A_WARNING else "info",
    )


def _at_every_step(history: ModelHistory, outside: Floats, every_step: Mask) -> Outcome:
    times = int((outside[-1] - outside[-2]).max() / (history.steps[-1] - history.steps[-2]))
    return RULE.fact(
        f"{count_layers(history, every_step)} ran in training mode outside a gradient tape"
        f" {times} time{'s' if times > 1 else ''} a step, beside the training: usual where the"
        " calls make inputs, as those of a generator do while the discriminator trains.",
        evidence={
            "executions_a_step": times,
            "executions_outside_a_tape": int(outside[-1].max()),
        },
        layers=paths(history, every_step),
        steps=_growth(history, outside[:, every_step]),
    )


def _growth(history: ModelHistory, counts: Floats) -> tuple[int, int]:
    """First and last record step at which any of the counts [records, layers] has grown."""
    grown = np.flatnonzero((np.diff(counts, axis=0, prepend=0.0) > 0).any(axis=1))
    return int(history.steps[grown[0]]), int(history.steps[grown[-1]])

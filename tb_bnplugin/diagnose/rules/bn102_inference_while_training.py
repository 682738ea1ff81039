"""Gamma and beta train while the moving statistics stay unchanged.

What it sees:
    Layers with loaded statistics (of a model trained before) whose gamma or beta train while the
    layer runs in inference mode, so that moving mean and variance stay those of the old data. And
    layers that trained in training mode and then go on in inference mode.

Why it matters:
    The model trains, and often well: the layer is then a scale and a shift after a fixed
    normalization. But if the data have changed, the statistics have not. It is also easily
    mistaken for a frozen layer, whose gamma and beta would not change either.

How it decides:
    Since the layer became trainable, gamma or beta changed in two records or more, the layer ran
    in inference mode outside evaluate and predict, and never in training mode, and its moving mean
    and variance were written at most once (by loading). Or: the same since the layer's last
    execution in training mode, under a gradient tape. It is an info where the program gave
    `training=False` (on the layer, on a model around it, or in the functional graph) to every such
    call under a tape, or, where a function was traced alone, to every such call anywhere: that is
    the usual recipe of fine-tuning. Calls traced while the layer was frozen do not count.

What to do:
    To freeze the layers, freeze gamma and beta as well, before compiling:

        base.trainable = False

    To train them, run the model in training mode inside the tape, `model(x, training=True)`.

When it is fine:
    Fine-tuning with `base(x, training=False)`, which keeps the statistics of the old data on
    purpose: declare it with `expect=("BN102",)`. A momentum of 1 is not reported.

References:
    https://github.com/keras-team/keras/issues/9214,
    https://github.com/Lightning-AI/pytorch-lightning/issues/18930,
    https://keras.io/guides/transfer_learning/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence import layers, training
from tb_bnplugin.diagnose.evidence.layers import Mask, newest
from tb_bnplugin.diagnose.evidence.momentum import movable
from tb_bnplugin.diagnose.fixes import freeze, run_in_training_mode
from tb_bnplugin.diagnose.needs import TWO_RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory

RULE: Final = Rule(
    code="BN102",
    name="inference-while-training",
    severity="warning",
    needs=(TWO_RECORDS,),
    explained_by=("BN106",),
)

LOADED_AT_MOST: Final = 1
"""Times that the statistics may be changed from outside: one is loading. More is a mean teacher or
the like, which does take care of them."""


def check(history: ModelHistory) -> Outcome:
    """Look for layers whose gamma and beta train around unchanged statistics."""
    trained = training.training_while_trainable(history)
    wrong = _find_wrong(history, trained)
    if wrong.any():
        return _finding(history, wrong, trained)
    stuck = _find_stuck(history)
    if stuck.any():
        return _stuck_finding(history, stuck)
    if not layers.started_as(history, "loaded").any():
        return RULE.ok("No layer trains in inference mode after it ran in training mode.")
    if reason := training.why_not_known(history, _find_wrong):
        return RULE.not_checked(reason)
    return RULE.ok("No layer trains gamma or beta while its moving statistics stay unchanged.")


def _find_wrong(history: ModelHistory, trained: training.Training) -> Mask:
    """Layers [layers] whose gamma or beta train around the statistics that were loaded."""
    changes = newest(history.layer("statistics_changes"))
    unchanged = (
        (changes == np.nan_to_num(newest(history.layer("external_changes"))))
        & (changes <= LOADED_AT_MOST)
        & (layers.updates_since_start(history)[-1] <= 0)
    )
    learns = trained.trainable & (trained.gamma_beta_changes >= training.TRAINED_AT_LEAST)
    found = learns & (trained.tape + trained.elsewhere > 0) & unchanged
    return np.asarray(found & layers.started_as(history, "loaded") & movable(history), bool)


def _find_stuck(history: ModelHistory) -> Mask:
    """Layers [layers] that trained, and have trained gamma or beta in inference mode since."""
    # step                       10  20  30  40
    # training_last_step         10  20  20  20     counted from step 20 on
    # gamma_beta_changes          1   2   3   4     gained 2
    # inference_tape              0   0  10  20     gained 20
    # statistics_changes          1   2   2   2     gained 0: stuck
    last = newest(history.layer("training_last_step"))
    at = np.arange(len(last))
    since = np.minimum(np.searchsorted(history.steps, np.nan_to_num(last)), len(history.steps) - 1)

    def gained(column: Floats) -> Floats:
        counted = np.nan_to_num(column)
        return np.asarray(counted[-1] - counted[since, at], np.float64)

    least = training.TRAINED_AT_LEAST
    learns = gained(history.layer("gamma_beta_changes")) >= least
    inference = gained(layers.executions(history, "inference", ("tape",))) >= least
    unchanged = gained(history.layer("statistics_changes")) == 0
    trained = (layers.updates_since_start(history)[-1] > 0) & np.isfinite(last)
    trained &= training.training_while_trainable(history).trainable
    return np.asarray(learns & inference & unchanged & trained & movable(history), bool)


def _finding(history: ModelHistory, wrong: Mask, trained: training.Training) -> Outcome:
    asked_for = _asked_for(history, wrong)
    as_asked = ", as the program asked," if asked_for else ""
    return RULE.layer_finding(
        history,
        wrong,
        f"ran in inference mode{as_asked} while gamma and beta were trained: moving mean and"
        " variance are still those that were loaded.",
        fix=f"To freeze these layers, {freeze(history)}. "
        + (
            'To keep this recipe, declare `expect=("BN102",)`.'
            if asked_for
            else f"To train their statistics: {run_in_training_mode(history, wrong)}"
        ),
        evidence={
            "inference_executions": int(layers.executions(history, "inference")[-1][wrong].max()),
            "training_executions": 0,
            "gamma_beta_changes": int(trained.gamma_beta_changes[wrong].max()),
            "asked_for": asked_for,
        },
        since="inference_first_step",
        severity="info" if asked_for else None,
    )


def _stuck_finding(history: ModelHistory, stuck: Mask) -> Outcome:
    last = int(newest(history.layer("training_last_step"))[stuck].min())
    asked_for = _asked_for(history, stuck)
    as_asked = ", as the program asked," if asked_for else ""
    return RULE.layer_finding(
        history,
        stuck,
        f"ran in training mode until step {last}, and in inference mode{as_asked} since then,"
        " while gamma and beta are still trained: moving mean and variance no longer change.",
        fix=(
            "If an evaluation left `training=False` behind, pass `training=True` inside the tape"
            f" again. If this is intended, {freeze(history)}."
        ),
        evidence={"last_training_step": last, "asked_for": asked_for},
        steps=(last, int(history.steps[-1])),
        severity="info" if asked_for else None,
    )


def _asked_for(history: ModelHistory, wrong: Mask) -> bool:
    """True where each layer was given `training=False` wherever it may have been trained."""
    taped = layers.layers_called(history, lambda calls: any(c.context == "tape" for c in calls))
    elsewhere = layers.layers_called(
        history,
        lambda calls: training.all_ask_for_inference(
            [c for c in calls if c.context not in ("tape", "evaluate", "predict")]
        ),
    )
    in_graph = layers.layers_where(history, lambda layer: layer.requested is False)
    asked = np.where(taped, training.asked_for_inference(history), elsewhere)
    return bool((in_graph | asked)[wrong].all())

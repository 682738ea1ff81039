"""Gamma and beta are trained around moving statistics that stand still.

What it sees:
    Layers with loaded statistics (a model trained before) whose gamma or beta learn while the
    layer runs in inference mode, so that moving mean and variance stay those of the old data.
    And layers that trained in training mode and go on in inference mode: stuck in evaluation.

Why it matters:
    It trains, and often well: the layer is then an gamma_beta one with fixed normalization. But if
    the data have changed, the statistics have not, and it is easily mistaken for frozen layers,
    whose gamma and beta would stay too.

How it decides:
    Since the layer is trainable: gamma or beta changed at two records or more, no execution in
    training mode was counted, moving mean and variance were written at most once (by loading),
    and executions in inference mode were counted outside evaluate and predict. Or: the same since
    the layer's last execution in training mode, under a gradient tape. It is an info
    where every such call under a tape (or, of a function traced alone, anywhere) was given
    `training=False` (on the layer, on a model around it, or in the functional graph): that is the
    usual recipe of fine-tuning. Calls traced while the layer was frozen do not count.

What to do:
    To freeze the layers, freeze gamma and beta as well, before compiling:

        base.trainable = False

    To train them, run the model in training mode inside the tape, `model(x, training=True)`.

When it is fine:
    Fine-tuning with `base(x, training=False)`, where the statistics of the old data are meant
    to be kept: declare it with `expect=("BN102",)`. A momentum of 1 is not reported.

References:
    https://github.com/keras-team/keras/issues/9214,
    https://github.com/Lightning-AI/pytorch-lightning/issues/18930,
    https://keras.io/guides/transfer_learning/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    ASKING,
    BEFORE_THE_RECORDS,
    ONE_RECORD,
    TRAINED_AT_LEAST,
    Mask,
    Training,
    asked_for_inference,
    calls_by_layer,
    count_layers,
    executions,
    missing_evidence,
    movable,
    newest,
    paths,
    started_as,
    steps_from,
    training_while_trainable,
    updates_since_start,
)
from tb_bnplugin.diagnose.fixes import run_in_training_mode
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory

RULE: Final = Rule(code="BN102", name="inference-while-training", severity="warning")

LOADED_AT_MOST: Final = 1
"""Times that statistics may be written by another hand: loading. More is a mean teacher or the
like, which does look after them."""


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether gamma and beta learn around loaded statistics that nothing updates."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    if len(history.steps) < 2:
        return (RULE.not_checked(ONE_RECORD),)
    training = training_while_trainable(history)
    wrong = _find_wrong(history, training)
    stuck = _stuck(history)
    if not wrong.any() and stuck.any():
        return (_stuck_finding(history, stuck),)
    if not wrong.any():
        if not started_as(history, "loaded").any():
            return (RULE.ok("No layer learns in inference mode after it was trained."),)
        if _find_wrong(history, training_while_trainable(history, as_if_always=True)).any():
            return (RULE.not_checked(BEFORE_THE_RECORDS),)
        if not (training.updates >= TRAINED_AT_LEAST).any():
            return (RULE.not_checked("no weight was trained between the records"),)
        return (RULE.ok("No layer learns gamma or beta around statistics that stand still."),)
    asked_for = _asked_for(history, wrong)
    first, last = steps_from(history, newest(history.layer("inference_first_step"))[wrong])
    return (
        RULE.finding(
            message=(
                f"{count_layers(history, wrong)} ran in inference mode"
                f"{', as asked for,' if asked_for else ''} while gamma and beta were trained:"
                " moving mean and variance stay those that were loaded."
            ),
            fix=_fix(history, wrong, asked_for=asked_for),
            evidence={
                "layers": int(wrong.sum()),
                "layers_in_model": len(history.facts.layers),
                "inference_executions": int(executions(history, "inference")[-1][wrong].max()),
                "training_executions": 0,
                "gamma_beta_changes": int(training.gamma_beta_changes[wrong].max()),
                "asked_for": asked_for,
            },
            layers=paths(history, wrong),
            steps=(first, last),
            severity="info" if asked_for else None,
        ),
    )


def _find_wrong(history: ModelHistory, training: Training) -> Mask:
    """Layers [layers] whose gamma or beta learn around the statistics that were loaded."""
    changes = newest(history.layer("statistics_changes"))
    still = (
        (changes == np.nan_to_num(newest(history.layer("external_changes"))))
        & (changes <= LOADED_AT_MOST)
        & (updates_since_start(history)[-1] <= 0)
    )
    learns = training.trainable & (training.gamma_beta_changes >= TRAINED_AT_LEAST)
    found = learns & (training.tape + training.elsewhere > 0) & still
    return np.asarray(found & started_as(history, "loaded") & movable(history), bool)


def _stuck(history: ModelHistory) -> Mask:
    """Layers [layers] that trained, and learn gamma or beta in inference mode ever since."""
    last = newest(history.layer("training_last_step"))
    at = np.arange(len(last))
    since = np.minimum(np.searchsorted(history.steps, np.nan_to_num(last)), len(history.steps) - 1)

    def gained(column: Floats) -> Floats:
        counted = np.nan_to_num(column)
        return np.asarray(counted[-1] - counted[since, at], np.float64)

    learns = gained(history.layer("gamma_beta_changes")) >= TRAINED_AT_LEAST
    inference = gained(executions(history, "inference", ("tape",))) >= TRAINED_AT_LEAST
    still = gained(history.layer("statistics_changes")) == 0
    trained = (updates_since_start(history)[-1] > 0) & np.isfinite(last)
    trained &= training_while_trainable(history).trainable
    return np.asarray(learns & inference & still & trained & movable(history), bool)


def _stuck_finding(history: ModelHistory, stuck: Mask) -> Outcome:
    last = int(newest(history.layer("training_last_step"))[stuck].min())
    asked_for = _asked_for(history, stuck)
    return RULE.finding(
        message=(
            f"{count_layers(history, stuck)} trained in training mode until step {last}, and in"
            f" inference mode{', as asked for,' if asked_for else ''} since, while gamma and beta"
            " go on learning: moving mean and variance stand still."
        ),
        fix=(
            "If an evaluation has left `training=False` behind, pass `training=True` inside the"
            f" tape again; if it is meant, {_freeze(history)}."
        ),
        evidence={
            "layers": int(stuck.sum()),
            "layers_in_model": len(history.facts.layers),
            "last_training_step": last,
            "asked_for": asked_for,
        },
        layers=paths(history, stuck),
        steps=(last, int(history.steps[-1])),
        severity="info" if asked_for else None,
    )


def _asked_for(history: ModelHistory, wrong: Mask) -> bool:
    """Whether each layer was given `training=False` wherever it may have been trained."""
    calls = calls_by_layer(history)
    under_tape = asked_for_inference(history)
    for index in np.flatnonzero(wrong).tolist():
        elsewhere = [
            call.training_argument == "false" and call.reason in ASKING
            for call in calls.get(index, ())
            if call.mode == "inference"
            and call.trainable
            and call.context not in ("tape", "evaluate", "predict")
        ]
        in_graph = history.facts.layers[index].requested is False
        taped = any(call.context == "tape" for call in calls.get(index, ()))
        asked = under_tape[index] if taped else bool(elsewhere) and all(elsewhere)
        if not in_graph and not asked:
            return False
    return True


def _fix(history: ModelHistory, wrong: Mask, *, asked_for: bool) -> str:
    freeze = f"To freeze these layers {_freeze(history)}"
    if asked_for:
        return f'{freeze}; to keep this recipe declare `expect=("BN102",)`.'
    layers = [history.facts.layers[index] for index in np.flatnonzero(wrong)]
    return f"{freeze}. To train their statistics: {run_in_training_mode(history.facts, layers)}"


def _freeze(history: ModelHistory) -> str:
    again = "and compile again" if history.facts.trained_by == "fit" else "before tracing"
    return f"set `layer.trainable = False` {again}"

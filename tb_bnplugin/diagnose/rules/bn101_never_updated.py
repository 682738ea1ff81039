"""The weights train, but moving mean and variance still have their initial values.

What it sees:
    Layers that ran in inference mode, and never in training mode, while weights were trained,
    and whose moving mean and variance have not changed in any bit since they were initialized.

Why it matters:
    Such a layer normalizes with mean 0 and variance 1, which is not at all. No error is raised,
    but in a deep network activations shrink or grow from layer to layer until all rows of a batch
    give the same output. The saved moving statistics say nothing about the data.

How it decides:
    Since the layer became trainable, its gamma or beta changed in two records or more, it ran in
    inference mode outside evaluate and predict, and never in training mode, and its moving mean
    and variance did not change. For a layer with neither gamma nor beta, changes of any weight
    count, and executions under a tape, unless the program asked for inference mode there (a
    target network, a teacher). Functions traced before the model was watched are left out.

What to do:
    Run the model in training mode while it trains, and in inference mode when it is evaluated:

        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))

    With `fit`, a subclassed model must accept `training` in `call` and pass it on.

When it is fine:
    With a momentum of 1, and for layers frozen with `trainable = False`: neither is reported.

References:
    https://github.com/tensorflow/tensorflow/issues/32864,
    https://github.com/tensorflow/tensorflow/issues/28028,
    https://keras.io/api/layers/normalization_layers/batch_normalization/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence import layers, training
from tb_bnplugin.diagnose.evidence.momentum import movable
from tb_bnplugin.diagnose.fixes import run_in_training_mode
from tb_bnplugin.diagnose.needs import TWO_RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(
    code="BN101",
    name="never-updated",
    severity="error",
    needs=(TWO_RECORDS,),
    explained_by=("BN106",),
)


def check(history: ModelHistory) -> Outcome:
    """Look for layers that train around statistics that nothing updates."""
    trained = training.training_while_trainable(history)
    wrong = _find_wrong(history, trained)
    if not wrong.any():
        if reason := training.why_not_known(history, _find_wrong):
            return RULE.not_checked(reason)
        if _maybe_copied(history, trained).any():
            return RULE.not_checked(
                "Layers whose gamma and beta change ran in inference mode only, as the program"
                " asked, and outside of any tape that was seen: their weights may be copies, see"
                " BN207."
            )
        return RULE.ok("The moving statistics of every layer that trains are updated.")
    return RULE.layer_finding(
        history,
        wrong,
        "ran in inference mode while the weights were trained: moving mean and variance still"
        f" have their initial values at step {history.steps[_last_trained(history)]}.",
        fix=run_in_training_mode(history, wrong),
        evidence={
            "inference_executions": int(layers.executions(history, "inference")[-1][wrong].max()),
            "training_executions": 0,
            "weight_updates": int(trained.updates[wrong].max()),
        },
        since="inference_first_step",
    )


def _find_wrong(history: ModelHistory, trained: training.Training) -> layers.Mask:
    """Layers [layers] that trained in inference mode, at their initializers."""
    own = trained.gamma_beta_changes >= training.TRAINED_AT_LEAST
    bare = ~layers.has_gamma_beta(history) & ~training.asked_for_inference(history)
    elsewhere = (trained.elsewhere > 0) & ~training.asked_for_inference_untaped(history)
    ran = (own & ((trained.tape > 0) | elsewhere)) | (bare & (trained.tape > 0))
    found = trained.trainable & (trained.updates >= training.TRAINED_AT_LEAST) & ran
    return np.asarray(found & _at_initializers(history), bool)


def _maybe_copied(history: ModelHistory, trained: training.Training) -> layers.Mask:
    """Layers [layers] whose gamma and beta change, though no tape was seen around their calls."""
    own = trained.gamma_beta_changes >= training.TRAINED_AT_LEAST
    untaped = training.asked_for_inference_untaped(history) & (trained.elsewhere > 0)
    return np.asarray(own & untaped & _at_initializers(history), bool)


def _last_trained(history: ModelHistory) -> int:
    """Index of the last record but one by which weights had changed.

    The last of them may stand for a step and for what was called after it. Without any, the last.
    """
    weights = history.model("weight_changes") + np.nan_to_num(
        history.layer("gamma_beta_changes")
    ).sum(axis=1)
    changed = np.flatnonzero(np.diff(weights, prepend=0.0) > 0)
    return int(changed[-2:][0]) if len(changed) else len(history.steps) - 1


def _at_initializers(history: ModelHistory) -> layers.Mask:
    # a call in training mode after the training, as to look at outputs, cures nothing
    at = _last_trained(history)
    unchanged = history.layer("statistics_changes")[at] == 0
    unchanged &= layers.updates_since_start(history)[at] <= 0
    at_start = unchanged & layers.started_as(history, "initializer") & movable(history)
    return np.asarray(at_start, bool)

"""The weights train, but moving mean and variance still are what they were initialized to.

What it sees:
    Layers that ran in inference mode, and never in training mode, while weights were trained,
    and whose moving mean and variance have not changed in any bit since they were initialized.

Why it matters:
    Such a layer normalizes with mean 0 and variance 1, that is, not at all. Nothing fails, but
    in a deep network activations shrink or grow from layer to layer until all rows of a batch
    give the same output, and the loss stands still at chance. The moving statistics that the
    model is saved with say nothing about the data.

How it decides:
    Since the layer is trainable: its gamma or beta changed at two records or more, no execution in
    training mode was counted, no change of moving mean or variance was seen, and executions in
    inference mode were counted outside evaluate and predict. A layer with neither gamma nor beta
    goes by the weights of the model and the steps of the optimizer, and by executions under a
    gradient tape, unless the program asked for inference mode there (a target network, a
    teacher). Two records are needed. Executions of a function that was traced before the
    model was watched cannot be counted, so they are never held against a layer.

What to do:
    Run the model in training mode while it trains, and in inference mode when it is evaluated:

        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))

    In `fit`, a subclassed model must take `training` in `call` and hand it on to its layers.

When it is fine:
    A momentum of 1 and layers frozen with `trainable = False` are not reported. A random
    network that is meant never to be normalized has no need of these layers.

References:
    https://github.com/tensorflow/tensorflow/issues/32864,
    https://github.com/tensorflow/tensorflow/issues/28028,
    https://keras.io/api/layers/normalization_layers/batch_normalization/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    BEFORE_THE_RECORDS,
    ONE_RECORD,
    TRAINED_AT_LEAST,
    Mask,
    Training,
    all_executions,
    asked_for_inference,
    count_layers,
    executions,
    has_gamma_beta,
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
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN101", name="never-updated", severity="error")


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether layers are trained around statistics that nothing updates."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    if len(history.steps) < 2:
        return (RULE.not_checked(ONE_RECORD),)
    if not all_executions(history)[-1].any():
        return (RULE.not_checked(_TRACED_BEFORE),)
    training = training_while_trainable(history)
    wrong = _find_wrong(history, training)
    if not wrong.any():
        if _find_wrong(history, training_while_trainable(history, as_if_always=True)).any():
            return (RULE.not_checked(BEFORE_THE_RECORDS),)
        if not (training.updates >= TRAINED_AT_LEAST).any():
            return (RULE.not_checked("no weight was trained between the records"),)
        return (RULE.ok("No layer is trained around statistics that nothing updates."),)
    first, last = steps_from(history, newest(history.layer("inference_first_step"))[wrong])
    layers = [history.facts.layers[index] for index in np.flatnonzero(wrong)]
    return (
        RULE.finding(
            message=(
                f"{count_layers(history, wrong)} ran in inference mode while the weights were"
                f" trained: moving mean and variance still are their initial values at step {last}."
            ),
            fix=run_in_training_mode(history.facts, layers),
            evidence={
                "layers": int(wrong.sum()),
                "layers_in_model": len(history.facts.layers),
                "inference_executions": int(executions(history, "inference")[-1][wrong].max()),
                "training_executions": 0,
                "weight_updates": int(training.updates[wrong].max()),
            },
            layers=paths(history, wrong),
            steps=(first, last),
        ),
    )


def _find_wrong(history: ModelHistory, training: Training) -> Mask:
    """Layers [layers] that trained in inference mode, at their initializers."""
    own = training.gamma_beta_changes >= TRAINED_AT_LEAST
    bare = ~has_gamma_beta(history) & ~asked_for_inference(history) & (training.tape > 0)
    ran = (own & (training.tape + training.elsewhere > 0)) | bare
    still = (newest(history.layer("statistics_changes")) == 0) & (
        updates_since_start(history)[-1] <= 0
    )
    found = training.trainable & (training.updates >= TRAINED_AT_LEAST) & ran & still
    return np.asarray(found & started_as(history, "initializer") & movable(history), bool)


_TRACED_BEFORE: Final = (
    "no execution of any layer was counted: the training function was traced before the model"
    " was watched; call tb_bnplugin.watch(model) before the first step"
)

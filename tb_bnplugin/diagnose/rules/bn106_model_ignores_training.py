"""`fit` trains a subclassed model in inference mode, since its `call` takes no `training`.

What it sees:
    A subclassed Keras 3 model whose `call` has no argument `training`, trained by `fit`, with
    batch normalization layers that ran in inference mode under the gradient tape.

Why it matters:
    Keras 3 tells the layers inside a model that it is training only through that argument. Without
    it batch normalization keeps its starting statistics in training, and dropout does nothing.
    tf_keras (Keras 2) trains the same model properly, so it breaks when it is ported.

How it decides:
    The recorded Keras does not train such a model (measured for each version, and assumed of a
    Keras 3 that was not measured), the model is subclassed, its `call` was inspected and does not
    accept `training`, `fit` trains it, and trainable layers whose gamma or beta train (or that
    have neither) ran in inference mode under a tape and never in training mode. Layers for which
    a `train_step` asks for inference mode, such as a teacher's, are left out.

What to do:
    Accept the argument and pass it on:

        def call(self, x, training=None):
            return self.bn(self.conv(x), training=training)

When it is fine:
    Never for layers that should train. Frozen layers (`trainable = False`) are not reported.

References:
    https://keras.io/guides/making_new_layers_and_models_via_subclassing/,
    https://github.com/keras-team/keras-hub/pull/1623
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence import layers, training
from tb_bnplugin.diagnose.fixes import HAND_TRAINING_ON
from tb_bnplugin.diagnose.keras_facts import fact
from tb_bnplugin.diagnose.needs import COUNTED, find_missing
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

# What it needs is asked for below: most models are ok whether layers were recorded or not.
RULE: Final = Rule(code="BN106", name="model-ignores-training", severity="error")


def check(history: ModelHistory) -> Outcome:
    """Look for a model that `fit` cannot tell that it is training."""
    facts = history.facts
    trains = fact(facts.keras, "trains_call_without_training")
    if trains is True or (trains is None and not facts.keras_3):
        return RULE.ok(f"{facts.keras} trains a model properly without the argument.")
    if not facts.code.subclassed:
        return RULE.ok("The model is Sequential or functional, and passes `training` on.")
    if facts.code.call_accepts_training is None:
        return RULE.not_checked("The arguments of the model's `call` could not be inspected.")
    if facts.code.call_accepts_training:
        return RULE.ok("The model's `call` takes `training`.")
    if facts.trained_by != "fit":
        return RULE.not_checked("A loop trains the model: see BN101 and BN102.")
    if missing := find_missing(history, (COUNTED,)):
        return RULE.not_checked(missing)
    trained = np.maximum(layers.updates_since_start(history)[-1], 0.0)
    under_tape = layers.executions(history, "inference", ("tape",))[-1]
    wrong = (under_tape > 0) & (trained == 0) & ~training.frozen_when_traced(history)
    wrong &= layers.newest(history.layer("trainable")) == 1.0
    wrong &= training.learns(history) & ~training.asked_for_inference(history)
    if not wrong.any():
        if not (under_tape + trained).any():
            return RULE.not_checked("No layer ran under a tape yet.")
        return RULE.ok("No trainable layer is trained in inference mode.")
    because, first = "and Keras 3 has no other way to tell the layers.", ""
    if facts.code.own_train_step:  # it may call what is inside the model, past `call`
        because = "and `train_step` does not call the layers with it either."
        first = "Call with `training=True` in `train_step`. If that goes through `call`: "
    return RULE.layer_finding(
        history,
        wrong,
        f"ran in inference mode during training: `call` of {facts.code.model_class} takes no"
        f" `training`, {because}",
        fix=f"{first}Add the argument and pass it on: `{HAND_TRAINING_ON}`.",
        evidence={
            "inference_executions_under_a_tape": int(under_tape[wrong].max()),
            "training_executions_under_a_tape": 0,
            "model_class": facts.code.model_class,
            "version": facts.keras,
        },
        since="inference_first_step",
    )

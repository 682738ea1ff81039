"""`fit` trains a subclassed model in inference mode, since its `call` takes no `training`.

What it sees:
    A subclassed Keras 3 model whose `call` has no argument `training`, trained by `fit`, with
    batch normalization layers that ran in inference mode under the gradient tape.

Why it matters:
    Keras 3 tells the layers inside a model that it trains only through that argument. Without it
    batch normalization keeps its starting statistics, and dropout does nothing, in training.
    The same model is trained properly by tf_keras (Keras 2), so that it breaks when it is ported.

How it decides:
    The recorded Keras does not train such a model (measured for each version; taken for granted
    of a Keras 3 that was not measured), the model is subclassed, its `call` was inspected and does
    not accept `training`, `fit` trains it, and trainable layers whose gamma or beta learn (or that
    have neither) were executed in inference mode under a tape and never in training mode. Layers
    that a `train_step` asks for inference mode there, such as a teacher's, are left out.

What to do:
    Take the argument and hand it on:

        def call(self, x, training=None):
            x = self.conv(x)
            return self.bn(x, training=training)

When it is fine:
    Never with layers that are meant to train; frozen layers (`trainable = False`) are not
    reported.

References:
    https://keras.io/guides/making_new_layers_and_models_via_subclassing/,
    https://github.com/keras-team/keras-hub/pull/1623
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    asked_for_inference,
    count_layers,
    executions,
    frozen_when_traced,
    learns,
    missing_evidence,
    newest,
    paths,
    steps_from,
    updates_since_start,
)
from tb_bnplugin.diagnose.fixes import HAND_TRAINING_ON
from tb_bnplugin.diagnose.keras_facts import fact
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN106", name="model-ignores-training", severity="error")


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether `fit` cannot tell this model that it trains."""
    facts = history.facts
    trains = fact(facts.keras, "trains_call_without_training")
    if trains is True or (trains is None and not facts.keras_3):
        return (RULE.ok(f"{facts.keras} trains a model without the argument properly."),)
    if not facts.subclassed:
        return (RULE.ok("The model is Sequential or functional, which hand `training` on."),)
    if facts.call_accepts_training is None:
        return (RULE.not_checked("the arguments of the model's `call` could not be inspected"),)
    if facts.call_accepts_training:
        return (RULE.ok("The model's `call` takes `training`."),)
    if facts.trained_by != "fit":
        return (RULE.not_checked("the model is trained by a loop, which BN101 and BN102 judge"),)
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    trained = np.maximum(updates_since_start(history)[-1], 0.0)
    under_tape = executions(history, "inference", ("tape",))[-1]
    wrong = (under_tape > 0) & (trained == 0) & ~frozen_when_traced(history)
    wrong &= newest(history.layer("trainable")) == 1.0
    wrong &= learns(history) & ~asked_for_inference(history)
    if not wrong.any():
        if not (under_tape + trained).any():
            return (RULE.not_checked("no layer was executed under a tape yet"),)
        return (RULE.ok("No trainable layer is trained in inference mode."),)
    return (
        RULE.finding(
            message=(
                f"{count_layers(history, wrong)} ran in inference mode in training: `call` of"
                f" {facts.model_class} takes no `training`, and Keras 3 has no other way to tell"
                " its layers."
            ),
            fix=f"Add the argument and hand it on: `{HAND_TRAINING_ON}`.",
            evidence={
                "layers": int(wrong.sum()),
                "layers_in_model": len(facts.layers),
                "inference_executions_under_a_tape": int(under_tape[wrong].max()),
                "training_executions_under_a_tape": 0,
                "model_class": facts.model_class,
                "version": facts.keras,
            },
            layers=paths(history, wrong),
            steps=steps_from(history, newest(history.layer("inference_first_step"))[wrong]),
        ),
    )

"""Trained gamma and beta around moving statistics that are at their initial values.

What it sees:
    Layers whose gamma and beta had been trained when the watch began, while moving mean and
    variance still stood at 0 and 1, and that run in inference mode like that.

Why it matters:
    The statistics belong to the weights. Where they were lost on the way (a port from another
    framework, a file of the trainable weights alone, a copy that skipped them) the layer
    normalizes by nothing, and the loaded model gives wrong answers without an error.

How it decides:
    When the layer was first seen, gamma and beta (those it has) differed from their constant
    initializers in half of the channels or more, and not by one number for all; moving mean and
    variance equalled their initializers in every bit. Since then the layer ran in inference mode,
    and never in training mode, and nothing has written the statistics. Where gamma or beta were
    trained meanwhile, BN101 judges instead: a training that is watched late looks the same.

What to do:
    Load or copy the moving statistics too: all of `layer.weights`, not `trainable_weights`. In a
    port from PyTorch they are `running_mean` and `running_var`. If they are gone, estimate them
    again by running the training data through the model with `training=True`.

When it is fine:
    Never in inference mode. A layer that goes on training builds its statistics anew.

References:
    https://github.com/tensorflow/tensorflow/issues/43833,
    https://github.com/qubvel/segmentation_models/issues/223,
    https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    count,
    count_layers,
    executions,
    missing_evidence,
    movable,
    newest,
    paths,
    started_as,
    steps_from,
    updates_since_start,
)
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN207", name="lost-statistics", severity="error")


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether weights were loaded without their statistics."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    known = [layer.gamma_beta_start for layer in history.facts.layers]
    trained_before = np.array([start == "trained" for start in known], bool)
    if all(start == "unknown" for start in known):
        return (RULE.not_checked("gamma and beta could not be compared with their initializers"),)
    suspect = trained_before & started_as(history, "initializer") & movable(history)
    if not suspect.any():
        return (RULE.ok("No layer with trained gamma and beta began with initial statistics."),)
    inference = executions(history, "inference")[-1]
    untouched = (updates_since_start(history)[-1] <= 0) & (
        count(history, "statistics_changes") == 0
    )
    # while gamma and beta are trained around initial statistics, nothing was lost: see BN101
    trained_here = count(history, "gamma_beta_changes") > 0
    wrong = suspect & untouched & ~trained_here & (inference > 0)
    if not wrong.any():
        if (suspect & untouched & trained_here).any():
            return (RULE.not_checked("gamma and beta are being trained: BN101 judges that"),)
        if (suspect & untouched).any():
            return (RULE.not_checked("the layers in question were not executed yet"),)
        return (RULE.ok("Statistics that began at their initial values are being trained."),)
    return (
        RULE.finding(
            message=(
                f"{count_layers(history, np.asarray(wrong, bool))} ran in inference mode with"
                " trained gamma and beta, but with moving statistics at their initial values: they"
                " were lost on the way."
            ),
            fix=(
                "Load or copy all of `layer.weights`, moving mean and variance among them, not"
                " `trainable_weights` alone; or estimate them again by running training data"
                " through the model with `training=True`."
            ),
            evidence={
                "layers": int(wrong.sum()),
                "layers_in_model": len(history.facts.layers),
                "inference_executions": int(inference[wrong].max()),
            },
            layers=paths(history, np.asarray(wrong, bool)),
            steps=steps_from(history, newest(history.layer("inference_first_step"))[wrong]),
        ),
    )

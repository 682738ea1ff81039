"""Gamma and beta are trained, but the moving statistics have their initial values.

What it sees:
    Layers whose gamma and beta were already trained when the model was first watched, while moving
    mean and variance were still 0 and 1, and that run in inference mode in this state.

Why it matters:
    The statistics belong to the weights. Where they were lost (a port from another framework, a
    file of the trainable weights alone, a copy that skipped them) the layer does not normalize,
    and the loaded model gives wrong answers without an error.

How it decides:
    When the layer was first recorded, gamma and beta (those it has) differed from their constant
    initializers in half of the channels or more, and not by one number for all, while moving mean
    and variance equalled their initializers in every bit. Since then the layer ran in inference
    mode, and never in training mode, and nothing has written the statistics. Where gamma or beta
    were trained meanwhile, BN101 judges instead: a training that is watched late looks the same.

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

from tb_bnplugin.diagnose.evidence import layers
from tb_bnplugin.diagnose.evidence.momentum import movable
from tb_bnplugin.diagnose.needs import RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

# The recorder decides that gamma and beta are trained, from all of their channels.
RULE: Final = Rule(code="BN207", name="lost-statistics", severity="error", needs=(RECORDS,))


def check(history: ModelHistory) -> Outcome:
    """Look for weights that were loaded without their statistics."""
    if all(layer.gamma_beta.start == "unknown" for layer in history.facts.layers):
        return RULE.not_checked("Gamma and beta could not be compared with their initializers.")
    suspect = layers.layers_where(history, lambda layer: layer.gamma_beta.start == "trained")
    suspect &= layers.started_as(history, "initializer") & movable(history)
    if not suspect.any():
        return RULE.ok("No layer with trained gamma and beta began with initial statistics.")
    inference = layers.executions(history, "inference")[-1]
    untouched = layers.updates_since_start(history)[-1] <= 0
    untouched &= layers.count(history, "statistics_changes") == 0
    # while gamma and beta are trained around initial statistics, nothing was lost: see BN101
    trained_here = layers.count(history, "gamma_beta_changes") > 0
    wrong = suspect & untouched & ~trained_here & (inference > 0)
    if not wrong.any():
        if (suspect & untouched & trained_here).any():
            return RULE.not_checked("Gamma and beta are being trained: see BN101.")
        if (suspect & untouched).any():
            return RULE.not_checked("The layers with initial statistics did not run yet.")
        return RULE.ok("Statistics that began at their initial values are being trained.")
    return RULE.layer_finding(
        history,
        wrong,
        "ran in inference mode with trained gamma and beta, but with moving statistics at their"
        " initial values: the statistics were lost.",
        fix=(
            "Load or copy all of `layer.weights`, including moving mean and variance, not only"
            " `trainable_weights`. Or estimate them again by running training data through the"
            " model with `training=True`."
        ),
        evidence={"inference_executions": int(inference[wrong].max())},
        since="inference_first_step",
    )

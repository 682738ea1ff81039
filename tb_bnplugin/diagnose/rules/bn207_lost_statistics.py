"""Gamma and beta are trained, but the moving statistics have their initial values.

What it sees:
    Layers that run in inference mode with trained gamma and beta beside a moving mean of 0 and a
    moving variance of 1: loaded so, copied so from another model, or put back to them.

Why it matters:
    The statistics belong to the weights. Where they were lost (a port from another framework, a
    file or a copy of the trainable weights alone, an average of the weights of clients, a reset
    that nothing has filled since) the layer does not normalize, and the model gives wrong answers
    without an error.

How it decides:
    Lost when loaded: when the layer was first recorded, gamma and beta (those it has) differed from
    their constant initializers in half of the channels or more, and not by one number for all,
    while moving mean and variance equalled their initializers in every bit. Since then the layer
    ran in inference mode, never in training mode, and nothing has written the statistics. Lost
    when copied: the same, but gamma, beta and other weights were at their initializers and have
    changed since, though no call of the layer under a tape was seen and the model's optimizer, if
    it has one, made no step. Put back: the statistics had changed, are 0 and 1 again in all
    channels, and the layer ran in inference mode since, but not in training mode. Where gamma or
    beta were trained meanwhile, BN101 judges instead: a training that is watched late looks the
    same.

What to do:
    Load or copy the moving statistics too: all of `layer.weights`, not `trainable_weights`,

        target.set_weights(model.get_weights())

    and average them as the weights are. In a port from PyTorch they are `running_mean` and
    `running_var`. If they are gone, estimate them again from the training data, prepared as for the
    training step,

        tb_bnplugin.recalibrate(model, (x, y))

    `predict` and `evaluate` move nothing.

When it is fine:
    Never in inference mode. A layer that goes on training builds its statistics anew.

References:
    https://github.com/tensorflow/tensorflow/issues/43833,
    https://github.com/DLR-RM/stable-baselines3/issues/996,
    https://github.com/SymbioticLab/FedScale/issues/57
"""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.evidence import layers
from tb_bnplugin.diagnose.evidence.copies import (
    assigned_from_outside,
    executions_since_written,
    initial_statistics,
    put_back,
)
from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.diagnose.fixes import PREPARED, RECALIBRATE
from tb_bnplugin.diagnose.needs import RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

# The recorder decides that gamma and beta are trained, from all of their channels.
RULE: Final = Rule(code="BN207", name="lost-statistics", severity="error", needs=(RECORDS,))

ESTIMATE: Final = f"estimate them again from the training data, {PREPARED}: {RECALIBRATE}"


def check(history: ModelHistory) -> Outcome | list[Outcome]:
    """Look for trained weights without their statistics."""
    ran = layers.executions(history, "inference")[-1] > 0
    initial = initial_statistics(history)
    learned_here = layers.count(history, "gamma_beta_changes") > 0
    loaded = initial & _began(history, "trained") & ~learned_here
    copied = initial & assigned_from_outside(history)
    used = copied & (executions_since_written(history) > 0)
    reset = put_back(history)
    unfilled = reset & (layers.count(history, "put_back_inference") > 0)
    found = []
    if (loaded & ran).any():
        found.append(_lost_when_loaded(history, loaded & ran))
    if used.any():
        found.append(_lost_when_copied(history, used))
    if unfilled.any():
        found.append(_put_back(history, unfilled))
    if found:
        return found
    if (initial & learned_here & ~copied).any():
        return RULE.not_checked("Gamma and beta are being trained: see BN101.")
    if (loaded | copied | reset).any():
        return RULE.not_checked("The layers with initial statistics did not run since.")
    if (initial & _began(history, "unknown") & ran).any():
        return RULE.not_checked(
            "Gamma and beta beside initial statistics could not be compared with their"
            " initializers."
        )
    return RULE.ok("No layer with trained gamma and beta has initial statistics.")


def _began(history: ModelHistory, start: str) -> Mask:
    return layers.layers_where(history, lambda layer: layer.gamma_beta.start == start)


def _lost_when_loaded(history: ModelHistory, wrong: Mask) -> Outcome:
    return RULE.layer_finding(
        history,
        wrong,
        "ran in inference mode with trained gamma and beta, but with moving statistics at their"
        " initial values: the statistics were lost.",
        fix=(
            "Load or copy all of `layer.weights`, including moving mean and variance, not only"
            f" `trainable_weights`. Or {ESTIMATE}."
        ),
        evidence={
            "inference_executions": int(layers.executions(history, "inference")[-1][wrong].max())
        },
        since="inference_first_step",
    )


def _lost_when_copied(history: ModelHistory, wrong: Mask) -> Outcome:
    return RULE.layer_finding(
        history,
        wrong,
        "ran in inference mode with gamma and beta that were written from outside (no training"
        " step of this model was seen), but with moving statistics at their initial values: the"
        " statistics were not copied.",
        fix=(
            "Copy all weights, not only the trainable ones:"
            " `target.set_weights(model.get_weights())`. Where weights are averaged, average the"
            f" moving statistics with them. Or {ESTIMATE}."
        ),
        evidence={
            "inference_executions": int(executions_since_written(history)[wrong].max()),
            "gamma_beta_changes": int(layers.count(history, "gamma_beta_changes")[wrong].max()),
        },
        since="inference_first_step",
    )


def _put_back(history: ModelHistory, wrong: Mask) -> Outcome:
    executions = int(layers.count(history, "put_back_inference")[wrong].max())
    return RULE.layer_finding(
        history,
        wrong,
        "had trained moving statistics that were put back to their initial values, and ran in"
        " inference mode since, never in training mode: nothing has filled them.",
        fix=f"After a reset, {ESTIMATE}. `predict` and `evaluate` move nothing.",
        evidence={"inference_executions_since": executions},
        since="put_back_step",
    )

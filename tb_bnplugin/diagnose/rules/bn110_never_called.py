"""A layer of the model that was never executed while others were.

What it sees:
    Batch normalization layers that Keras tracks in the model, but that no execution in any mode
    and no change was ever counted of, although other layers of the model were executed.

Why it matters:
    Often a slip: a layer is created in `__init__` and forgotten in `call`, or the output of the
    layer before is not handed on. Its weights are saved, counted and restored for nothing.

How it decides:
    All counts of the layer are 0 in the newest record, its statistics, gamma and beta never
    changed, and another layer of the model was executed. Where nothing was counted at all, the
    functions were traced before the model was watched, and the rule is not checked.

What to do:
    Call the layer, or remove it.

When it is fine:
    Branches that are used only at another time (an auxiliary head, a layer behind a flag), and
    the unused end of a base model.

References:
    https://keras.io/guides/making_new_layers_and_models_via_subclassing/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence import (
    NO_RECORDS,
    all_executions,
    count_layers,
    newest,
    paths,
)
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history import ModelHistory

RULE: Final = Rule(code="BN110", name="never-called", severity="info")

OTHERS_EXECUTED_AT_LEAST: Final = 2
"""Executions of another layer: one may be the call that builds a part of the model."""


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether layers are in the model for nothing."""
    if not len(history.steps) or not history.facts.layers:
        return (RULE.not_checked(NO_RECORDS),)
    executed = all_executions(history)[-1]
    if executed.max() < OTHERS_EXECUTED_AT_LEAST:
        return (
            RULE.not_checked(
                "next to no execution was counted: nothing ran yet, or it was traced before the"
                " model was watched (call tb_bnplugin.watch(model) before the first step)"
            ),
        )
    idle = (executed == 0) & (newest(history.layer("training_tape")) == 0)
    idle &= newest(history.layer("statistics_changes")) == 0
    idle &= np.nan_to_num(newest(history.layer("affine_changes"))) == 0
    if not idle.any():
        return (RULE.ok("Every layer was executed."),)
    return (
        RULE.finding(
            message=f"{count_layers(history, idle)} never ran, while others did.",
            fix="Call the layer in the model's `call` (`x = self.bn(x)`), or remove it.",
            evidence={
                "layers": int(idle.sum()),
                "layers_in_model": len(history.facts.layers),
                "executions_of_others": int(executed.max()),
            },
            layers=paths(history, idle),
            steps=(int(history.steps[0]), int(history.steps[-1])),
        ),
    )

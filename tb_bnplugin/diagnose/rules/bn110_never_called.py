"""A layer of the model was never called while others were.

What it sees:
    Batch normalization layers that Keras tracks in the model, but for which no execution in any
    mode and no change was ever counted, although other layers of the model ran.

Why it matters:
    This is often a mistake: a layer is created in `__init__` and forgotten in `call`, or the
    output of the layer before it is not used. Its weights are saved and restored for nothing.

How it decides:
    All counts of the layer are 0 in the newest record, its statistics, gamma and beta never
    changed, or it was not even built; and another layer of the model ran. Where nothing was
    counted at all, the functions were traced before the model was watched, and the rule is not
    checked.

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

from tb_bnplugin.diagnose.evidence.layers import all_executions, newest, paths
from tb_bnplugin.diagnose.needs import COUNTED, KERAS_LAYERS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN110", name="never-called", severity="info", needs=(COUNTED,))

OTHERS_EXECUTED_AT_LEAST: Final = 2
"""Executions of another layer: one may be the call that builds a part of the model."""


def check(history: ModelHistory) -> Outcome:
    """Look for layers that never run."""
    executed = all_executions(history)[-1]
    if executed.max() < OTHERS_EXECUTED_AT_LEAST:
        return RULE.not_checked("Layers have run once at most so far.")
    idle = (executed == 0) & (newest(history.layer("training_tape")) == 0)
    idle &= newest(history.layer("statistics_changes")) == 0
    idle &= np.nan_to_num(newest(history.layer("gamma_beta_changes"))) == 0
    unbuilt = [
        node.path
        for node in history.facts.graph.nodes
        if node.layer is None and node.layer_class in KERAS_LAYERS
    ]
    layers = (*paths(history, idle), *unbuilt)
    if not layers:
        return RULE.ok("Every layer ran.")
    of = len(idle) + len(unbuilt)
    return RULE.finding(
        message=f"{len(layers)} of {of} batch normalization layers never ran, while others did.",
        fix=(
            "Call the layer, `x = self.bn(x)`, in the `call` of the model or layer that holds it,"
            " or remove it."
        ),
        evidence={
            "layers": len(layers),
            "layers_in_model": of,
            "layers_not_built": len(unbuilt),
            "executions_of_others": int(executed.max()),
        },
        layers=layers,
        steps=(int(history.steps[0]), int(history.steps[-1])),
    )

"""The functional graph asks for inference mode, but the layer ran in training mode.

What it sees:
    Layers that a functional model was built with `training=False` for, by themselves or with the
    whole base model around them, and that ran in training mode all the same.

Why it matters:
    `x = base(x, training=False)` is the usual recipe for fine-tuning: the statistics of the old
    data are to stay. Where Keras overrides it, the layers normalize with the statistics of small
    new batches and forget the old ones from the first step on, and nothing is said.

How it decides:
    The recorded graph holds `training=False` for the layer and nothing else, executions in
    training mode outside evaluate and predict were counted, and the ledger holds a call in
    training mode whose value came from the model around the layer. A call of the layer, or of
    its base model, with `training=True` by code of the program itself is not an override.

What to do:
    Freeze the layers, which every Keras honours, and compile again:

        base.trainable = False                    # or only its batch normalization layers
        model.compile(optimizer, loss)

    To train gamma and beta with the old statistics, freeze nothing and use a Keras that honours
    the graph: tf_keras, or Keras 3.16 or newer.

When it is fine:
    Never: what runs is not what was asked for. Where training mode is meant, build the graph
    without `training=False`.

References:
    https://github.com/keras-team/keras/issues/20285,
    https://keras.io/guides/transfer_learning/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    OUTSIDE_EVALUATION,
    Mask,
    calls_by_layer,
    count_layers,
    executions,
    missing_evidence,
    newest,
    paths,
    steps_from,
)
from tb_bnplugin.diagnose.keras_facts import fact
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN103", name="mode-override", severity="error")


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether a `training=False` of the functional graph was not respected."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    asked = np.array([layer.requested is False for layer in history.facts.layers], bool)
    if not asked.any():
        return (RULE.ok("No functional graph asks for inference mode."),)
    ran = executions(history, "training", OUTSIDE_EVALUATION)[-1]
    wrong = asked & (ran > 0) & _overridden(history)
    if not wrong.any():
        if not (asked & (ran + executions(history, "inference")[-1] > 0)).any():
            return (RULE.not_checked("none of the layers in question was executed yet"),)
        return (RULE.ok("Layers that the graph asks to run in inference mode did so."),)
    return (
        RULE.finding(
            message=(
                f"{count_layers(history, wrong)} ran in training mode, although the functional"
                " graph was built with training=False for them."
            ),
            fix=_fix(history),
            evidence={
                "layers": int(wrong.sum()),
                "layers_in_model": len(history.facts.layers),
                "training_executions": int(ran[wrong].max()),
                "version": history.facts.keras,
            },
            layers=paths(history, wrong),
            steps=steps_from(history, newest(history.layer("training_first_step"))[wrong]),
        ),
    )


def _overridden(history: ModelHistory) -> Mask:
    """Layers [layers] that were handed training mode by the outermost model, not by a call."""
    wrong = np.zeros(len(history.facts.layers), bool)
    for layer, calls in calls_by_layer(history).items():
        wrong[layer] = any(
            call.mode == "training"
            and call.context in OUTSIDE_EVALUATION
            and call.reason in ("inherited", "graph")
            and call.source in ("", history.facts.name)
            for call in calls
        )
    return wrong


def _fix(history: ModelHistory) -> str:
    facts = history.facts
    respected = fact(facts.keras, "graph_training_false_honoured_in_fit")
    known = f"{facts.keras} does not honour `training=False` of a functional graph in `fit`. "
    again = "and compile again" if facts.trained_by == "fit" else "before the step is traced"
    return (
        (known if respected is False else "")
        + f"Freeze these layers, `layer.trainable = False`, {again}; tf_keras and Keras 3.16 or"
        " newer honour the graph. If training mode is meant, build the graph without"
        " `training=False`."
    )

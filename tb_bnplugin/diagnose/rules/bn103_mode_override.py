"""The functional graph asks for inference mode, but the layer ran in training mode.

What it sees:
    Layers that a functional model calls with `training=False`, alone or with the base model around
    them, and that ran in training mode nevertheless.

Why it matters:
    `x = base(x, training=False)` is the usual recipe for fine-tuning: it keeps the statistics of
    the old data. Where Keras overrides it, the layers normalize with the statistics of small new
    batches and forget the old ones from the first step on, without a warning.

How it decides:
    The recorded graph holds `training=False` for the layer and nothing else, the layer ran in
    training mode outside evaluate and predict, and it got that mode from the model around it. A
    call of the layer or its base model with `training=True` by the program is not an override.

What to do:
    Freeze the layers, which works in every version of Keras, and compile again:

        base.trainable = False                    # or only its batch normalization layers

    To train gamma and beta with the old statistics, use tf_keras.

When it is fine:
    Never. If you want training mode, build the graph without `training=False`.

References:
    https://github.com/keras-team/keras/issues/20285,
    https://keras.io/guides/transfer_learning/
"""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.evidence import layers
from tb_bnplugin.diagnose.keras_facts import fact
from tb_bnplugin.diagnose.needs import COUNTED, GRAPH
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN103", name="mode-override", severity="error", needs=(COUNTED, GRAPH))


def check(history: ModelHistory) -> Outcome:
    """Look for layers for which a `training=False` of the functional graph had no effect."""
    asked = layers.layers_where(history, lambda layer: layer.requested is False)
    if not asked.any():
        return RULE.ok("No functional graph asks for inference mode.")
    ran = layers.executions(history, "training", layers.OUTSIDE_EVALUATION)[-1]
    wrong = asked & (ran > 0) & _overridden(history)
    if not (asked & (ran + layers.executions(history, "inference")[-1] > 0)).any():
        return RULE.not_checked("The layers with training=False in the graph did not run yet.")
    if not wrong.any():
        return RULE.ok("Every layer ran in inference mode where the graph asks for it.")
    return RULE.layer_finding(
        history,
        wrong,
        "ran in training mode, although the functional graph calls them with training=False.",
        fix=_fix(history),
        evidence={"training_executions": int(ran[wrong].max()), "version": history.facts.keras},
        since="training_first_step",
    )


def _overridden(history: ModelHistory) -> layers.Mask:
    """Layers [layers] that got training mode from the outermost model, not from a call."""
    return layers.layers_called(
        history,
        lambda calls: any(
            call.mode == "training"
            and call.context in layers.OUTSIDE_EVALUATION
            and call.reason in ("inherited", "graph")
            and call.source in ("", history.facts.name)
            for call in calls
        ),
    )


def _fix(history: ModelHistory) -> str:
    keras = history.facts.keras
    fit = history.facts.trained_by == "fit"
    where = "fit" if fit else "tape"
    ignored = fact(keras, f"graph_training_false_honoured_in_{where}") is False
    again = "and compile again" if fit else "before tracing the step"
    return (
        (f"{keras} ignores `training=False` of a functional graph. " if ignored else "")
        + f"Freeze these layers, `layer.trainable = False`, {again}, or use tf_keras, which"
        " respects the graph. For training mode, remove `training=False` there."
    )

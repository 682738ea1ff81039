"""`trainable` was changed after the training function was made, and had no effect.

What it sees:
    Layers whose `trainable` says one thing while the function that trains them was made with the
    other: frozen layers that train on, or unfrozen ones that stay frozen.

Why it matters:
    Keras reads `trainable` when it makes the training function: at `compile` (tf_keras) or when
    the step is first traced (Keras 3, or a `tf.function` of one's own). A change after that is
    silently ignored: the frozen base is forgotten, or fine-tuning trains nothing.

How it decides:
    Since the value was last set, two or more executions of the layer went against it (in training
    mode though it is False, or frozen though it is True and training mode was asked for), and
    none went with it. Where both happen (two compiled models share the layer, each with its own
    value, as the classic GAN does) nothing is said. Executions in evaluate and predict, and of
    the stretch between two records in which the value changed, are left out.

What to do:
    Compile again after changing it, which makes the training function anew:

        base.trainable = True
        model.compile(optimizer, loss)

    In a loop of your own make the `tf.function` again, for instance by a function that returns it.

When it is fine:
    A discriminator that was compiled before it is frozen for the combined model; once that model
    trains too, nothing is said. Declare it before: `expect=("BN105",)`.

References:
    https://github.com/keras-team/keras/issues/6405,
    https://github.com/keras-team/keras/pull/22413,
    https://keras.io/guides/transfer_learning/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    all_executions,
    count,
    count_layers,
    missing_evidence,
    newest,
    paths,
    steps_from,
)
from tb_bnplugin.diagnose.keras_facts import fact
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelFacts, ModelHistory

RULE: Final = Rule(code="BN105", name="stale-trainable", severity="warning")

AT_LEAST: Final = 2
"""Executions against `trainable`: one may be followed by the second model of a GAN."""


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether a change of `trainable` was ignored while the model trained on."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    stale = count(history, "trainable_ignored")
    wrong = stale >= AT_LEAST
    if not wrong.any():
        if not all_executions(history)[-1].any():
            return (RULE.not_checked("no execution of any layer was counted yet"),)
        return (RULE.ok("Every layer runs as its `trainable` says."),)
    # trained on in training mode though set to be frozen, rather than the reverse
    frozen = bool((stale - count(history, "trainable_ignored_frozen"))[wrong].max() >= AT_LEAST)
    first, last = steps_from(history, newest(history.layer("trainable_ignored_first_step"))[wrong])
    return (
        RULE.finding(
            message=(
                f"{count_layers(history, wrong)}"
                f" {'trained on in training mode' if frozen else 'stayed frozen'} after"
                f" `trainable` was set to {'False' if frozen else 'True'} (step {first}): the"
                " training function was made before, and does not see the change."
            ),
            fix=_fix(history.facts, frozen=frozen),
            evidence={
                "layers": int(wrong.sum()),
                "layers_in_model": len(history.facts.layers),
                "executions_against_it": int(stale[wrong].max()),
                "trainable_as_set": not frozen,
                "version": history.facts.keras,
            },
            layers=paths(history, np.asarray(wrong, bool)),
            steps=(first, last),
        ),
    )


def _fix(facts: ModelFacts, *, frozen: bool) -> str:
    value = "False" if frozen else "True"
    if facts.trained_by == "fit":
        late = fact(facts.keras, "trainable_after_compile_before_fit_honoured")
        made = "at `compile`, or when the step is first traced"
        if isinstance(late, bool):
            made = "when the step is first traced" if late else "at `compile`"
        return (
            f"Call `model.compile(...)` after `layer.trainable = {value}`: {facts.keras} reads it"
            f" only {made}."
        )
    return (
        f"Set `layer.trainable = {value}` before the training step is traced, or make the"
        " `tf.function` again afterwards (`train_step = tf.function(step)`)."
    )

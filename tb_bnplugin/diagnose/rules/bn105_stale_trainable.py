"""`trainable` was changed after the training function was made, and had no effect.

What it sees:
    Layers whose `trainable` has one value while the function that trains them was made with the
    other: frozen layers that go on training, or unfrozen ones that stay frozen.

Why it matters:
    Keras reads `trainable` at `compile` (tf_keras) or when the step is first traced (Keras 3, or
    your own `tf.function`), and silently ignores a later change: the frozen base loses what it
    learned, or fine-tuning trains nothing.

How it decides:
    Since the value was last set, the layer ran twice or more against it (in training mode although
    it is False, or frozen although it is True and training mode was asked for), and never
    according to it: models that share a layer, as in the classic GAN, do both. Executions in
    evaluate and predict, and those between the records of the change, are left out.

What to do:
    Compile again after the change. In your own loop, make the `tf.function` again:

        base.trainable = True
        model.compile(optimizer, loss)

When it is fine:
    A discriminator that is compiled before it is frozen for the combined model, until that model
    trains too. Declare it with `expect=("BN105",)`.

References:
    https://github.com/keras-team/keras/issues/6405,
    https://github.com/keras-team/keras/pull/22413,
    https://keras.io/guides/transfer_learning/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    Mask,
    all_executions,
    count,
    has_gamma_beta,
)
from tb_bnplugin.diagnose.evidence.training import optimizer_steps
from tb_bnplugin.diagnose.keras_facts import fact
from tb_bnplugin.diagnose.needs import COUNTED, RECORDS, find_missing
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule, steps_since
from tb_bnplugin.history.model import ModelFacts, ModelHistory

RULE: Final = Rule(code="BN105", name="stale-trainable", severity="warning", needs=(RECORDS,))

AT_LEAST: Final = 2
"""Executions against `trainable`: after one, the second model of a GAN may follow."""

STEPS_AT_LEAST: Final = 5
"""Steps of the optimizer after which gamma or beta of a layer that trains have changed."""


def check(history: ModelHistory) -> Outcome:
    """Look for changes of `trainable` that were ignored while the model trained on."""
    ignored = count(history, "trainable_ignored")
    wrong = ignored >= AT_LEAST
    if not wrong.any():
        if missing := find_missing(history, (COUNTED,)):
            unreached = _find_unreached(history)
            return _unreached(history, unreached) if unreached.any() else RULE.not_checked(missing)
        if not all_executions(history)[-1].any():
            return RULE.not_checked("No layer has run yet.")
        return RULE.ok("Every layer runs as its `trainable` says.")
    # set to be frozen, and trained on in training mode; else the reverse
    frozen = bool((ignored - count(history, "trainable_ignored_frozen"))[wrong].max() >= AT_LEAST)
    first, last = steps_since(history, wrong, "trainable_ignored_first_step")
    return RULE.layer_finding(
        history,
        wrong,
        f"{'trained on in training mode' if frozen else 'stayed frozen'} after `trainable` was set"
        f" to {not frozen} (step {first}): the training function was made before the change and"
        " ignores it.",
        fix=_fix(history.facts, value=not frozen),
        evidence={
            "executions_against_it": int(ignored[wrong].max()),
            "trainable_as_set": not frozen,
            "version": history.facts.keras,
        },
        steps=(first, last),
    )


def _find_unreached(history: ModelHistory) -> Mask:
    """Layers [layers] that are trainable, and that `fit` leaves as they were while it trains.

    Its function was made before the records begin, with `trainable` as it was then.
    """
    if history.facts.trained_by != "fit" or optimizer_steps(history)[-1] < STEPS_AT_LEAST:
        return np.zeros(len(history.facts.layers), bool)
    still = count(history, "gamma_beta_changes") + count(history, "statistics_changes") == 0
    trainable = (history.layer("trainable_as_set") == 1.0).all(axis=0)
    return np.asarray(still & trainable & has_gamma_beta(history), bool)


def _unreached(history: ModelHistory, wrong: Mask) -> Outcome:
    steps = int(optimizer_steps(history)[-1])
    return RULE.layer_finding(
        history,
        wrong,
        f"{'has' if wrong.sum() == 1 else 'have'} `trainable` True, and {steps} steps changed"
        " neither gamma and beta nor the moving statistics. The training function was made before"
        " the callback was there: `trainable` was set after `compile`.",
        fix=_fix(history.facts, value=True),
        evidence={
            "steps_of_the_optimizer": steps,
            "trainable_as_set": True,
            "version": history.facts.keras,
        },
        steps=(int(history.steps[0]), int(history.steps[-1])),
    )


def _fix(facts: ModelFacts, *, value: bool) -> str:
    if facts.trained_by != "fit":
        made = f"Set `layer.trainable = {value}` before the training step is traced, or make the"
        return f"{made} `tf.function` again afterwards (`train_step = tf.function(step)`)."
    late = fact(facts.keras, "trainable_after_compile_before_fit_honoured")
    read_when = "at `compile`, or when the step is first traced"
    if isinstance(late, bool):
        read_when = "when the step is first traced" if late else "at `compile`"
    return (
        f"Call `model.compile(...)` after `layer.trainable = {value}`: {facts.keras} reads it only"
        f" {read_when}."
    )

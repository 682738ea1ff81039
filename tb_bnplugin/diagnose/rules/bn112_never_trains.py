"""Steps of training are made, and no weight of the model ever changes.

What it sees:
    A model whose trainable weights have not changed in any bit since they were first seen, though
    its optimizer made step after step; or one that Keras' own training step runs while all of it
    is frozen, so that there is nothing to train.

Why it matters:
    Nothing fails: loss and metrics are logged, and batch normalization may even move its
    statistics. A learning rate of 0 does this, whoever set it; a loss that no weight reaches; and
    in Keras 3 the classic GAN, whose discriminator is compiled and then frozen: Keras 3 goes by
    `trainable` at the first training step, not at `compile`, and the discriminator never learns.

How it decides:
    Each trainable weight is compared as a whole, by the sum of its bits (as BN111 has it). All of
    them are as they were first seen, no record saw gamma, beta or a watched weight change, and the
    optimizer of the model made steps: over two epochs or to the end of `fit`, or 50 in a loop, so
    that a warm-up from a learning rate of 0 is past, and gradients that are accumulated were
    applied. Frozen as a whole: every call of its layers that Keras' training step of this very
    model makes was traced while they were frozen, and its optimizer made no step.

What to do:
    Set a learning rate above 0, and look for the schedule or the callback that sets it to 0. In a
    GAN of Keras 3, freeze the discriminator only once its own training step was made,

        discriminator.trainable = True
        discriminator.train_on_batch(images, labels)
        discriminator.trainable = False
        gan.train_on_batch(noise, ones)

    or write one `train_step` that gives each optimizer the weights of its own network.

When it is fine:
    A learning rate of 0 to estimate the statistics of loaded weights anew: not reported, where the
    statistics move. Models that are only evaluated, or run in the training step of another model (a
    frozen teacher, a discriminator in the step of its generator), make no step of their own.

References:
    https://github.com/eriklindernoren/Keras-GAN/issues/22,
    https://github.com/keras-team/keras/issues/8585
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask, count, executions, layers_called, newest
from tb_bnplugin.diagnose.evidence.training import optimizer_steps
from tb_bnplugin.diagnose.needs import RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import RECORD_REASONS, Call, ModelHistory

RULE: Final = Rule(code="BN112", name="never-trains", severity="warning", needs=(RECORDS,))

EPOCHS_AT_LEAST: Final = 2
"""Of `fit`: a schedule may begin with an epoch at a learning rate of 0."""

STEPS_AT_LEAST: Final = 50
"""Of a loop, which has no epochs: no warm-up stays at 0 for so long, and few accumulate as many."""

EXECUTIONS_AT_LEAST: Final = 5
"""Of a frozen model: steps after which a change of `trainable` would have come."""

OWN_STEPS: Final = (
    *("train_function", "train_step", "one_step_on_data", "one_step_on_iterator"),
    *("multi_step_on_iterator", "multi_step_train"),
)
"""Functions of either Keras in which a model's own training step is traced."""


def check(history: ModelHistory) -> Outcome:
    """Look for a model that is trained without effect."""
    changed = newest(history.model("weight_changes")) > 0
    if changed or (count(history, "gamma_beta_changes") > 0).any():
        return RULE.ok("Training changes the weights.")
    frozen = _frozen_in_its_own_step(history)
    steps = int(optimizer_steps(history)[-1])
    if steps == 0 and frozen.all() and not history.facts.code.own_train_step:
        return _frozen(history, frozen)
    weights = history.facts.weights
    if weights.checked_step is None or steps == 0:
        return RULE.not_checked("No step of an optimizer of this model was seen.")
    if not weights.trainable:
        return RULE.not_checked("The model has no trainable weight.")
    if len(weights.unchanged) < weights.trainable:
        return RULE.ok("Training changes the weights.")
    if not _long_enough(history, steps):
        return RULE.not_checked(
            "No weight has changed yet: the learning rate may be warming up. Train longer."
        )
    rate = history.model("learning_rate")
    at_zero = bool((rate[np.isfinite(rate)] == 0.0).all() and np.isfinite(rate).any())
    if at_zero and _re_estimates(history):
        return RULE.not_checked(
            "The weights rest at a learning rate of 0 while the moving statistics move: taken for"
            " an estimate of the statistics."
        )
    return RULE.finding(
        message=(
            f"None of the {weights.trainable} trainable weights changed in {steps} steps"
            f"{' at a learning rate of 0' if at_zero else ''}."
        ),
        fix=(
            "Set a learning rate above 0: `model.optimizer.learning_rate = 1e-3`. Look for the"
            " schedule or the callback that sets it to 0."
            if at_zero
            else "Check that the loss depends on the weights (no `tf.stop_gradient`, no numpy and"
            " no `argmax` on the way), and that the optimizer gets the gradients of this model."
        ),
        evidence={
            "trainable_weights": weights.trainable,
            "optimizer_steps": steps,
            "learning_rate_is_0": at_zero,
        },
        steps=(int(history.steps[0]), int(history.steps[-1])),
    )


def _frozen(history: ModelHistory, frozen: Mask) -> Outcome:
    ran = int(executions(history, "inference", ("tape",))[-1].max())
    if ran < EXECUTIONS_AT_LEAST:
        return RULE.not_checked("All of the model is frozen, and hardly a step was made.")
    return RULE.layer_finding(
        history,
        frozen,
        "ran frozen in the model's own training step, whose optimizer made no step: the model has"
        " no weight to train.",
        fix=(
            "Set `model.trainable = True` before its first training step, and compile. Keras 3 goes"
            " by `trainable` at that step, not at `compile`: in a GAN, freeze the discriminator"
            " after `discriminator.train_on_batch` and before `gan.train_on_batch`."
        ),
        evidence={"frozen_executions": ran, "optimizer_steps": 0},
        since="inference_first_step",
    )


def _frozen_in_its_own_step(history: ModelHistory) -> Mask:
    """Layers [layers] that this model's training step by Keras calls, and always frozen."""

    def own(call: Call) -> bool:
        asked = call.training_argument == "true" and call.source == history.facts.name
        return asked and call.context == "tape" and call.function in OWN_STEPS

    return layers_called(
        history,
        lambda calls: any(map(own, calls)) and not any(own(c) and c.trainable for c in calls),
    )


def _long_enough(history: ModelHistory, steps: int) -> bool:
    if history.facts.trained_by != "fit":
        return steps >= STEPS_AT_LEAST
    ended = newest(history.model("record_reason")) == RECORD_REASONS.index("end")
    return len(history.epochs) >= EPOCHS_AT_LEAST or bool(ended)


def _re_estimates(history: ModelHistory) -> bool:
    """True where statistics move beside weights that may have been loaded."""
    moving = (count(history, "statistics_changes") > 0).any()
    loaded = any(layer.gamma_beta.start != "initializer" for layer in history.facts.layers)
    return bool(moving and loaded)

"""A layer runs in training mode, but its moving mean, its variance, or both never change.

What it sees:
    Layers that ran in training mode again and again while moving mean or moving variance kept
    their initial value in every bit.

Why it matters:
    In training mode each execution changes both. Where one does not change, the layer's own class
    forgot to assign it. Where both do not, the updates are thrown away (a stateless call whose new
    state is not kept). The layer trains well and is evaluated with statistics that mean nothing.

How it decides:
    The layer began at its initializers, has a momentum other than 1 and statistics in float32 or
    wider, and ran in training mode between at least five records. Error: in every one of them
    nothing had changed since the beginning; or only the mean had, or only the variance. Where only
    the variance changes and that of the batches is 0, as far as float32 can tell, the inputs are 0
    and the mean has nothing to follow: that is not reported. Where a class that is not Keras' own
    keeps one of the two it is an info, since some do so by design (mean-only batch normalization).

What to do:
    Assign both in the class's own call, from the statistics of the batch:

        self.moving_mean.assign(momentum * self.moving_mean + (1 - momentum) * mean)
        self.moving_variance.assign(momentum * self.moving_variance + (1 - momentum) * variance)

    After `stateless_call`, assign the returned non-trainable variables to the model.

When it is fine:
    A momentum of 1 is not reported. For low precision see BN205.

References:
    https://github.com/keras-team/keras-core/issues/338,
    https://github.com/keras-team/keras/issues/20378
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence import layers
from tb_bnplugin.diagnose.evidence.momentum import movable, update_share
from tb_bnplugin.diagnose.fixes import freeze
from tb_bnplugin.diagnose.needs import COUNTED
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, LayerFacts, ModelHistory

RULE: Final = Rule(code="BN209", name="updates-lost", severity="error", needs=(COUNTED,))

RECORDS_AT_LEAST: Final = 5
"""Records with training between them at which a statistic had not changed."""

VANISHING: Final = 1e-6
"""Batch variance (mean over channels) below which the inputs are constant."""

ROUNDED_BELOW: Final = 2.0**-22
"""Times moving variance / (1 - momentum): that of inputs that are constant, recovered from two
moving variances in float32, each of which is off by up to 2^-24 of itself."""

WIDE: Final = ("float32", "float64")

NEITHER: Final = "idle_records"
CASES: Final = {
    NEITHER: "neither moving mean nor moving variance has changed",
    "mean_only_records": "the moving mean changes, but the moving variance does not",
    "variance_only_records": "the moving variance changes, but the moving mean does not",
}
"""By the column that counts the records in which that is so."""


def check(history: ModelHistory) -> Outcome:
    """Look for updates of the statistics that are lost."""
    judged = layers.layers_where(history, lambda layer: layer.dtype in WIDE)
    judged &= movable(history) & layers.started_as(history, "initializer")
    judged &= layers.updates_since_start(history)[-1] >= RECORDS_AT_LEAST
    if not judged.any():
        return RULE.not_checked(
            "No layer that began at its initializers ran in training mode often enough yet."
        )
    changes = layers.count(history, "statistics_changes")
    for column in CASES:
        records = layers.count(history, column)
        wrong = judged & (records >= RECORDS_AT_LEAST)
        wrong &= changes == (0.0 if column == NEITHER else records)
        if column == "variance_only_records":
            # below 0 where the layer does not update as batch normalization does
            batch = np.abs(layers.newest(history.layer("batch_variance")))
            wrong &= batch > _constant_below(history)
        if wrong.any():
            return _finding(history, wrong, column)
    return RULE.ok("Moving mean and variance both change where layers train.")


def _constant_below(history: ModelHistory) -> Floats:
    """Batch variance [layers] up to which inputs may be constant."""
    moving = np.nan_to_num(layers.newest(history.layer("moving_variance")))
    return np.maximum(VANISHING, ROUNDED_BELOW * moving / update_share(history))


def _finding(history: ModelHistory, wrong: layers.Mask, column: str) -> Outcome:
    layer = layers.chosen(history, wrong)[0]
    updates = int(layers.updates_since_start(history)[-1][wrong].max())
    by_design = column != NEITHER and not (wrong & layers.of_keras(history)).any()
    return RULE.layer_finding(
        history,
        wrong,
        f"ran in training mode {updates} times: {CASES[column]}.",
        fix=_fix(history, layer, idle=column == NEITHER),
        evidence={"training_executions": updates, "layer_class": layer.layer_class},
        since="training_first_step",
        severity="info" if by_design else None,
    )


def _fix(history: ModelHistory, layer: LayerFacts, *, idle: bool) -> str:
    if layer.keras_layer:
        return (
            "Keras' own layer updates both, so something undoes it. After `stateless_call`, assign"
            " the non-trainable variables that it returns, `variable.assign(value)`; and let no"
            " code write saved weights back after each step."
        )
    both = (
        f"Let `call` of {layer.layer_class} assign both from the batch:"
        " `moving.assign(momentum * moving + (1 - momentum) * batch)`."
    )
    if not idle:
        return both
    return (
        f"{both} If it passes `training=False` to Keras' own layer, pass `training=training` on; or"
        f" {freeze(history)}."
    )

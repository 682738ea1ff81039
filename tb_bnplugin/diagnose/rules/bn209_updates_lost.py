"""A layer runs in training mode, but the moving mean, the variance, or both never move.

What it sees:
    Layers that were executed in training mode again and again while moving mean or moving variance
    have kept their initial value in every bit.

Why it matters:
    In training mode each execution moves both. Where one stays, a class of one's own forgot to
    assign it; where both stay, the updates are thrown away (a stateless call whose new state is
    not kept). The layer trains well and is evaluated with statistics that mean nothing.

How it decides:
    The layer began at its initializers, has a momentum other than 1 and statistics in float32 or
    wider, and ran in training mode between at least five records. Error: at every one of them
    nothing had moved since the beginning; or the mean alone had, or the variance alone. Where
    the variance alone moves and that of the batches is 0, as far as float32 can tell, the inputs
    are 0 and the mean has nothing to follow: that is not reported, and where a class that is not
    Keras' own keeps one of the two alone it is an info, since some do so by design (mean-only
    batch normalization).

What to do:
    Assign both in the class's own call, from the statistics of the batch:

        self.moving_mean.assign(momentum * self.moving_mean + (1 - momentum) * mean)
        self.moving_variance.assign(momentum * self.moving_variance + (1 - momentum) * variance)

    After `stateless_call` put the returned non-trainable variables back into the model.

When it is fine:
    A momentum of 1 is not reported; low precision is BN205.

References:
    https://github.com/keras-team/keras-core/issues/338,
    https://github.com/keras-team/keras/issues/20378
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    Mask,
    count,
    count_layers,
    missing_evidence,
    momenta,
    movable,
    newest,
    paths,
    started_as,
    steps_from,
    updates_since_start,
)
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory

RULE: Final = Rule(code="BN209", name="updates-lost", severity="error")

RECORDS_AT_LEAST: Final = 5
"""Records with training between them at which a statistic had not moved."""

VANISHING: Final = 1e-6
"""Batch variance (mean over channels) below which the inputs are constant."""

ROUNDED_BELOW: Final = 2.0**-22
"""Times moving variance / (1 - momentum): that of inputs that are constant, recovered from two
moving variances in float32, each of which is off by up to 2^-24 of itself."""

WIDE: Final = ("float32", "float64")


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether updates of the statistics get lost."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    wide = np.array([layer.dtype in WIDE for layer in history.facts.layers], bool)
    judged = wide & movable(history) & started_as(history, "initializer")
    judged &= updates_since_start(history)[-1] >= RECORDS_AT_LEAST
    if not judged.any():
        return (
            RULE.not_checked(
                "no layer that began at its initializers ran in training mode often enough yet"
            ),
        )
    changes = count(history, "statistics_changes")
    for column, text in _CASES:
        records = count(history, column)
        moved = 0.0 if column == "idle_records" else records
        wrong = judged & (records >= RECORDS_AT_LEAST) & (changes == moved)
        own = np.array([layer.keras_layer for layer in history.facts.layers], bool)
        if column == "variance_only_records":
            # below 0 where the layer does not update as batch normalization does
            wrong &= np.abs(newest(history.layer("batch_variance"))) > _constant_below(history)
        if wrong.any():
            by_design = column != "idle_records" and not (wrong & own).any()
            return (_finding(history, np.asarray(wrong, bool), text, by_design=by_design),)
    return (RULE.ok("Moving mean and variance both move where layers train."),)


def _constant_below(history: ModelHistory) -> Floats:
    """Batch variance [layers] up to which inputs may be constant."""
    moving = np.nan_to_num(newest(history.layer("moving_variance")))
    momentum = momenta(history)
    share = np.where((momentum >= 0.0) & (momentum < 1.0), 1.0 - momentum, 1.0)
    return np.maximum(VANISHING, ROUNDED_BELOW * moving / share)


_CASES: Final = (
    ("idle_records", "neither moving mean nor moving variance has moved"),
    ("mean_only_records", "the moving mean moves and the moving variance does not"),
    ("variance_only_records", "the moving variance moves and the moving mean does not"),
)


def _finding(history: ModelHistory, wrong: Mask, text: str, *, by_design: bool) -> Outcome:
    index = int(np.flatnonzero(wrong)[0])
    layer = history.facts.layers[index]
    updates = int(updates_since_start(history)[-1][wrong].max())
    idle = text.startswith("neither")
    other = (
        " After `stateless_call` put the returned variables back into the model."
        if layer.keras_layer
        else " If it hands `training=False` on to Keras' own, hand `training` on, or freeze the"
        " layer: `layer.trainable = False`."
    )
    return RULE.finding(
        message=(
            f"{count_layers(history, wrong)} ran in training mode {updates} times, and {text}."
        ),
        fix=(
            f"Let `call` of {layer.layer_class} assign both from the batch:"
            " `moving.assign(momentum * moving + (1 - momentum) * batch)`."
            + (other if idle else "")
        ),
        evidence={
            "layers": int(wrong.sum()),
            "layers_in_model": len(history.facts.layers),
            "training_executions": updates,
            "layer_class": layer.layer_class,
        },
        layers=paths(history, wrong),
        steps=steps_from(history, newest(history.layer("training_first_step"))[wrong]),
        severity="info" if by_design else None,
    )

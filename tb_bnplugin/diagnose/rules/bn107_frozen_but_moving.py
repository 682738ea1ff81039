"""A frozen layer moves its statistics all the same.

What it sees:
    Layers with `trainable=False` of a class that is not Keras' own, whose call moved the moving
    statistics; and, as an info, frozen layers whose statistics other code writes.

Why it matters:
    Frozen layers are to stay what they were. Keras' own batch normalization runs in inference
    mode when it is frozen; a class of one's own, or one ported from elsewhere, must do that by
    itself, and when it does not the base model drifts while only the head is thought to train.

How it decides:
    Error: moving mean and variance were compared before and after each call of the frozen layer
    that was given `training=True`, and differed. Info: the statistics changed at two records or
    more without any counted execution in training mode, in a layer that is frozen in every
    record given: they were assigned by other code. A single change is taken for loading.

What to do:
    Let the layer's own `call` look at `trainable`:

        training = training and self.trainable

    or derive it from `keras.layers.BatchNormalization`, which does.

When it is fine:
    A mean teacher, or an average of the weights, writes statistics on purpose, and is an info.

References:
    https://github.com/keras-team/keras/pull/9965,
    https://github.com/keras-team/keras/issues/7085
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    Mask,
    count,
    count_layers,
    missing_evidence,
    newest,
    paths,
    steps_from,
    updates_since_start,
)
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory

RULE: Final = Rule(code="BN107", name="frozen-but-moving", severity="error")

WRITTEN_AT_LEAST: Final = 2
"""Changes by other code: one is a file that was loaded."""


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether frozen layers stay as they are."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    moves = count(history, "frozen_updates")
    if (moves > 0).any():
        return (_moving(history, np.asarray(moves > 0, bool), moves),)
    frozen = (history.layer("trainable_as_set") == 0.0).all(axis=0)
    if not frozen.any():
        return (RULE.ok("No layer is frozen."),)
    written = count(history, "external_changes")
    assigned = frozen & (written >= WRITTEN_AT_LEAST) & (updates_since_start(history)[-1] <= 0)
    if assigned.any():
        return (_assigned(history, np.asarray(assigned, bool)),)
    return (RULE.ok("Frozen layers keep their statistics."),)


def _moving(history: ModelHistory, wrong: Mask, moves: Floats) -> Outcome:
    index = int(np.flatnonzero(wrong)[0])
    name = history.facts.layers[index].layer_class
    return RULE.finding(
        message=(
            f"{count_layers(history, wrong)} moved its statistics in its own call although"
            " `trainable` is False."
        ),
        fix=(
            f"Let `call` of {name} respect it: `training = training and self.trainable`, or derive"
            " the class from `keras.layers.BatchNormalization`."
        ),
        evidence={
            "layers": int(wrong.sum()),
            "layers_in_model": len(history.facts.layers),
            "calls_that_moved_them": int(moves[wrong].max()),
            "layer_class": name,
        },
        layers=paths(history, wrong),
        steps=steps_from(history, newest(history.layer("statistics_first_step"))[wrong]),
    )


def _assigned(history: ModelHistory, layers: Mask) -> Outcome:
    return RULE.finding(
        message=(
            f"{count_layers(history, layers)} {'is' if layers.sum() == 1 else 'are'} frozen, and"
            " other code than a call writes the moving statistics."
        ),
        fix="Nothing, where that is meant: a mean teacher, an average of weights, loading.",
        evidence={
            "layers": int(layers.sum()),
            "layers_in_model": len(history.facts.layers),
            "changes_by_other_code": int(count(history, "external_changes")[layers].max()),
        },
        layers=paths(history, layers),
        steps=steps_from(history, newest(history.layer("statistics_first_step"))[layers]),
        severity="info",
    )

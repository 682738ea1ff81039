"""The moving statistics of a frozen layer change.

What it sees:
    Layers with `trainable=False` of a class that is not Keras' own, whose call changed the moving
    statistics; and, as an info, frozen layers whose statistics other code writes.

Why it matters:
    A frozen layer should not change. Keras' own batch normalization runs in inference mode when it
    is frozen. Your own class, or one ported from elsewhere, must do that itself; if it does not,
    the base model drifts while you think that only the head trains.

How it decides:
    Error: moving mean and variance were compared before and after each call of the frozen layer
    with `training=True`, and differed. Info: the layer is frozen in every record, and its
    statistics changed in two records or more without any counted execution in training mode:
    other code assigned them. A single change is taken for loading.

What to do:
    Let the layer's own `call` respect `trainable`:

        training = training and self.trainable

    or derive it from `keras.layers.BatchNormalization`, which does.

When it is fine:
    A mean teacher, or an average of the weights, writes statistics on purpose: an info.

References:
    https://github.com/keras-team/keras/pull/9965,
    https://github.com/keras-team/keras/issues/7085
"""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.evidence.layers import (
    chosen,
    count,
    count_layers,
    paths,
    updates_since_start,
)
from tb_bnplugin.diagnose.needs import RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule, steps_since
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN107", name="frozen-but-moving", severity="error", needs=(RECORDS,))

WRITTEN_AT_LEAST: Final = 2
"""Changes by other code: one is a file that was loaded."""


def check(history: ModelHistory) -> Outcome:
    """Look for frozen layers whose statistics change."""
    updates = count(history, "frozen_updates")
    if (wrong := updates > 0).any():
        name = chosen(history, wrong)[0].layer_class
        return RULE.layer_finding(
            history,
            wrong,
            "updated moving mean and variance although `trainable` is False.",
            fix=(
                f"Let `call` of {name} respect it: `training = training and self.trainable`, or"
                " derive the class from `keras.layers.BatchNormalization`."
            ),
            evidence={"calls_that_moved_them": int(updates[wrong].max()), "layer_class": name},
            since="statistics_first_step",
        )
    frozen = (history.layer("trainable_as_set") == 0.0).all(axis=0)
    if not frozen.any():
        return RULE.ok("No layer is frozen.")
    written = count(history, "external_changes")
    assigned = frozen & (written >= WRITTEN_AT_LEAST) & (updates_since_start(history)[-1] <= 0)
    if not assigned.any():
        return RULE.ok("The statistics of frozen layers do not change.")
    return RULE.fact(
        f"{count_layers(history, assigned)} {'is' if assigned.sum() == 1 else 'are'} frozen, and"
        " code outside their calls writes the moving statistics: a mean teacher, an average of the"
        " weights, loading.",
        evidence={"changes_by_other_code": int(written[assigned].max())},
        layers=paths(history, assigned),
        steps=steps_since(history, assigned, "statistics_first_step"),
    )

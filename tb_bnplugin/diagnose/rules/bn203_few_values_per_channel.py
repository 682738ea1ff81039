"""Batch statistics are made of too few values per channel.

What it sees:
    Layers that run in training mode on batches that hold fewer than two, or fewer than sixteen,
    values of each channel: rows times space, on one replica, without what a mask takes off.

Why it matters:
    A channel is normalized by the mean and variance of those values. With one value the result is
    0 whatever comes in, the variance is 0, and the moving variance decays towards 0, so that
    evaluation divides by next to nothing. With a few the statistics are mostly noise.

How it decides:
    The values were counted at each execution in training mode. Error: at half of them or more
    there were fewer than two. Warning: fewer than sixteen. Info: there were fewer than two now
    and then, as in a last batch of one row. Layers that run in inference mode are not counted,
    nor those with virtual batches, nor classes with a `call` of their own whose statistics never
    move (a frozen batch normalization); synchronized layers count all replicas.

What to do:
    Larger batches, `drop_remainder=True` against a last batch of one row, `synchronized=True` on
    several replicas, or `GroupNormalization` or `LayerNormalization`, which need no batch. Feature
    maps with space are fine with a batch of one.

When it is fine:
    Virtual batches, and small batches that are meant: declare it with `expect=("BN203",)`.

References:
    https://github.com/tensorflow/tensorflow/issues/34062,
    https://github.com/keras-team/keras/issues/11858,
    https://keras.io/api/layers/normalization_layers/group_normalization/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    Mask,
    count,
    count_layers,
    executions,
    missing_evidence,
    newest,
    paths,
    steps_from,
)
from tb_bnplugin.diagnose.outcome import Outcome, Severity
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory

RULE: Final = Rule(code="BN203", name="few-values-per-channel", severity="error")

SHARE_OF_EXECUTIONS: Final = 0.5
"""Of the executions in training mode: a short last batch is a small share of them."""

EXECUTIONS_AT_LEAST: Final = 2
"""Executions: one may be the call that builds the model, on a single row."""


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether layers normalize by too few values."""
    if missing := missing_evidence(history):
        return (RULE.not_checked(missing),)
    trained = executions(history, "training")[-1]
    if not (trained >= EXECUTIONS_AT_LEAST).any():
        return (RULE.not_checked("no layer ran in training mode yet"),)
    below_2 = count(history, "training_below_2")
    below_16 = count(history, "training_below_16")
    own = np.array([layer.keras_layer for layer in history.facts.layers], bool)
    # a call of a class's own may hand on `training=False` whatever it is given
    judged = (trained >= EXECUTIONS_AT_LEAST) & (own | (count(history, "statistics_changes") > 0))
    one = judged & (below_2 >= SHARE_OF_EXECUTIONS * trained)
    few = judged & (below_16 >= SHARE_OF_EXECUTIONS * trained)
    if one.any():
        return (_finding(history, one, below_2, trained, limit=2, severity="error"),)
    if few.any():
        return (_finding(history, few, below_16, trained, limit=16, severity="warning"),)
    seldom = judged & (below_2 > 0)
    if seldom.any():
        return (_finding(history, seldom, below_2, trained, limit=2, severity="info"),)
    return (RULE.ok("Batches hold enough values of each channel."),)


def _finding(
    history: ModelHistory,
    wrong: Mask,
    below: Floats,
    trained: Floats,
    *,
    limit: int,
    severity: Severity,
) -> Outcome:
    counted, of = int(below[wrong].max()), int(trained[wrong].max())
    what = "a single value" if limit == 2 else f"fewer than {limit} values"
    rows = newest(history.model("batch_frequent"))
    batch = f" (batches of {int(rows)} rows)" if np.isfinite(rows) else ""
    fix = "Leave a last batch of one row out: `dataset.batch(n, drop_remainder=True)`."
    if severity != "info":
        fix = (
            "Use larger batches, or a normalization that needs none: `GroupNormalization`,"
            " `LayerNormalization`."
        )
        if history.facts.replicas > 1:
            fix += " Or count all replicas: `BatchNormalization(synchronized=True)`."
    return RULE.finding(
        message=(
            f"{count_layers(history, np.asarray(wrong, bool))} normalized by {what} per channel"
            f" in {counted} of {of} executions in training mode{batch}."
        ),
        fix=fix,
        evidence={
            "layers": int(wrong.sum()),
            "layers_in_model": len(history.facts.layers),
            "executions_below": counted,
            "training_executions": of,
            "limit": limit,
        },
        layers=paths(history, np.asarray(wrong, bool)),
        steps=steps_from(history, newest(history.layer("training_first_step"))[wrong]),
        severity=severity,
    )

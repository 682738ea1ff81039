"""Batch statistics are made of too few values per channel.

What it sees:
    Layers that run in training mode on batches with fewer than two, or fewer than sixteen, values
    of each channel: rows times space, on one replica, without masked values. With
    `virtual_batch_size` the rows are those of a virtual batch, however large the batch is.

Why it matters:
    A channel is normalized by the mean and variance of those values. With one value the result is
    0 whatever the input is, the variance is 0, and the moving variance decays towards 0, so that
    evaluation divides by almost nothing. With a few values the statistics are mostly noise.

How it decides:
    The values were counted at each execution in training mode. Error: at half of them or more
    there were fewer than two. Warning: fewer than sixteen. Info: there were fewer than two
    seldom, as in a last batch of one row. Not counted are layers that run in inference mode, and
    classes with their own `call` whose statistics never change (a frozen batch normalization).
    Synchronized layers count all replicas.

What to do:
    Use larger batches, virtual batches of 16 rows or more, `drop_remainder=True` against a last
    batch of one row, `synchronized=True` on several replicas, or `GroupNormalization` or
    `LayerNormalization`, which need no batch. Feature maps with space are fine with a batch of one.

When it is fine:
    Small batches on purpose: declare it with `expect=("BN203",)`. Virtual batches of 16 rows or
    more are not reported.

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
    chosen,
    count,
    executions,
    newest,
    of_keras,
)
from tb_bnplugin.diagnose.needs import COUNTED
from tb_bnplugin.diagnose.outcome import Outcome, Severity
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

# The limits of 2 and 16 values are the recorder's, which counts the executions below each.
RULE: Final = Rule(code="BN203", name="few-values-per-channel", severity="error", needs=(COUNTED,))

SHARE_OF_EXECUTIONS: Final = 0.5
"""Of the executions in training mode: a short last batch is a small share of them."""

EXECUTIONS_AT_LEAST: Final = 2
"""Executions: one may be the call that builds the model, on a single row."""


def check(history: ModelHistory) -> Outcome:
    """Look for layers that normalize by too few values."""
    trained = executions(history, "training")[-1]
    if not (trained >= EXECUTIONS_AT_LEAST).any():
        return RULE.not_checked("No layer ran in training mode yet.")
    # a call of a class's own may pass on `training=False` whatever it is given
    moves = of_keras(history) | (count(history, "statistics_changes") > 0)
    judged = (trained >= EXECUTIONS_AT_LEAST) & moves
    below_2, below_16 = count(history, "training_below_2"), count(history, "training_below_16")
    one = judged & (below_2 >= SHARE_OF_EXECUTIONS * trained)
    few = judged & (below_16 >= SHARE_OF_EXECUTIONS * trained)
    seldom = judged & (below_2 > 0)
    if one.any():
        return _finding(history, one, limit=2, severity="error")
    if few.any():
        return _finding(history, few, limit=16, severity="warning")
    if seldom.any():
        return _finding(history, seldom, limit=2, severity="info")
    return RULE.ok("Batches hold enough values of each channel.")


def _finding(history: ModelHistory, wrong: Mask, *, limit: int, severity: Severity) -> Outcome:
    below = int(count(history, f"training_below_{limit}")[wrong].max())
    of = int(executions(history, "training")[-1][wrong].max())
    rows = newest(history.model("batch_frequent"))
    batch = f" (batches of {int(rows)} rows)" if np.isfinite(rows) else ""
    fix = (
        "Use larger batches, or a normalization that needs none: `GroupNormalization`,"
        " `LayerNormalization`."
    )
    virtual = [layer.virtual_batch for layer in chosen(history, wrong) if layer.virtual_batch]
    if virtual:
        batch = f" (virtual batches of {min(virtual)} rows)"
        fix = (
            "Each virtual batch is normalized by itself, however large the batch is: leave"
            f" `virtual_batch_size={min(virtual)}` out, or take 16 rows or more."
        )
    if history.facts.replicas > 1:
        fix += " Or count all replicas: `BatchNormalization(synchronized=True)`."
    if severity == "info":
        fix = "Leave a last batch of one row out: `dataset.batch(n, drop_remainder=True)`."
    return RULE.layer_finding(
        history,
        wrong,
        f"normalized by {'a single value' if limit == 2 else f'fewer than {limit} values'} per"
        f" channel in {below} of {of} executions in training mode{batch}.",
        fix=fix,
        evidence={"executions_below": below, "training_executions": of, "limit": limit},
        since="training_first_step",
        severity=severity,
    )

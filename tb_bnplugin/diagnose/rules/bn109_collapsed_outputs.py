"""In inference mode all rows of a batch give the same output; in training mode they do not.

What it sees:
    A held batch whose outputs are alike from row to row with the moving statistics, and differ
    with the statistics of the batch.

Why it matters:
    The model answers the same whatever it is asked, so that validation stands at chance. The
    moving statistics do not fit what reaches the layers: activations shrink (or saturate) layer
    by layer until nothing of the input is left.

How it decides:
    In the newest probe the standard deviation over the rows, relative to the root mean square of
    the outputs, is below 0.0001 with moving statistics (or that deviation is less than a
    thousandth of the one with batch statistics), while with batch statistics it is above 0.01.
    Outputs that hardly differ in either mode (a constant task, a fresh last layer) are not
    reported. It is an error where at the step of the probe no update of the statistics was
    counted, or none was needed any more; while updates still wear the starting value down
    (BN201), or more than a ten-thousandth of what was loaded is left, it is an info.

What to do:
    Mend what BN101, BN106, BN201 or BN204 name; with none of these, compare moving and batch
    statistics of the layers and look for the first that differs much.

When it is fine:
    In the first steps of training, until the moving statistics have caught up.

References:
    https://github.com/keras-team/keras/issues/6977,
    https://github.com/tensorflow/tensorflow/issues/32864
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    TRAINED_AT_LEAST,
    momenta,
    optimizer_steps,
    started_as,
    updates_since_start,
)
from tb_bnplugin.diagnose.evidence.momentum import updates_needed
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory

RULE: Final = Rule(code="BN109", name="collapsed-outputs", severity="error")

COLLAPSED_BELOW: Final = 1e-4
"""Relative spread. float32 rounds at 6e-8 and a deep network adds that up to some 1e-6; outputs
that agree to four digits give the same class whatever the input."""

COLLAPSED_AGAINST_BATCH: Final = 1e-3
"""Spread with moving over spread with batch statistics. Both are of one network on one batch: where
the first is a thousandth of the second, what is left of it (small outputs have small spreads) says
nothing about the rows."""

FORGOTTEN_BELOW: Final = 1e-4
"""Share of loaded statistics that is left after some updates, momentum^n: a starting variance of
1 with a ten-thousandth left is small beside batch variances, which are often near 0.001."""

DIFFERENT_ABOVE: Final = 1e-2
"""Relative spread with batch statistics: a hundred times as much, so that no task whose answers
are nearly constant is taken for a collapse."""


def check(history: ModelHistory) -> tuple[Outcome]:
    """Whether inference mode, and it alone, loses what tells the rows of a batch apart."""
    probe = history.probe
    if probe is None or not len(probe.steps):
        return (
            RULE.not_checked(
                "no probe was recorded: pass probe_data=(x, y) to the callback, or call"
                " tb_bnplugin.summary.probe(model, x, y)"
            ),
        )
    moving, batch = _relative_spread(probe.moving), _relative_spread(probe.batch)
    if not np.isfinite(moving[-1]) or not np.isfinite(batch[-1]):
        return (RULE.not_checked("the newest probe has outputs that are zero or not finite"),)
    if not _trained(history):
        return (RULE.not_checked("the model has not been trained yet"),)
    rows = probe.moving.get("batch", np.full(len(probe.steps), np.nan))[-1]
    if rows < 2:
        return (RULE.not_checked("the held batch has one row only: pass more as probe_data"),)
    against = _against(probe.moving["spread"], probe.batch["spread"])
    alike = (moving < COLLAPSED_BELOW) | (against < COLLAPSED_AGAINST_BATCH)
    collapsed = alike & (batch > DIFFERENT_ABOVE)
    if not collapsed[-1]:
        return (RULE.ok("Inference mode tells the rows of the held batch apart as well."),)
    first = len(collapsed) - int(np.argmin(collapsed[::-1])) if not collapsed.all() else 0
    recovering = _recovering(history, int(probe.steps[-1]))
    return (
        RULE.finding(
            message=(
                "With moving statistics all rows of the held batch give the same output"
                f" (relative spread {moving[-1]:.2g}); with batch statistics they differ"
                f" ({batch[-1]:.2g})."
            ),
            fix=(
                "The moving statistics still are near their start: train on, as BN201 says."
                if recovering
                else "Let training update the moving statistics (see BN101, BN106):"
                " `model(x, training=True)` inside the tape."
            ),
            evidence={
                "relative_spread_moving": float(moving[-1]),
                "relative_spread_batch": float(batch[-1]),
                "rows": None if np.isnan(rows) else int(rows),
                "start_dominates": recovering,
            },
            steps=(int(probe.steps[first]), int(probe.steps[-1])),
            severity="info" if recovering else None,
        ),
    )


def _recovering(history: ModelHistory, step: int) -> bool:
    """Whether at the step of a probe layers were being updated, and the start still shaped them.

    The records around the step say so; of statistics that were loaded, how much of them is left.
    """
    before = max(int(np.searchsorted(history.steps, step, side="right")) - 1, 0)
    after = min(int(np.searchsorted(history.steps, step)), len(history.steps) - 1)
    needed, updates = np.nan_to_num(updates_needed(history)), updates_since_start(history)
    dominated = (needed[before] > 0) | (needed[after] > 0)
    begun_between = (updates[before] <= 0) & (updates[after] > 0)
    left = np.clip(momenta(history), 0.0, 1.0) ** np.maximum(updates[before], 0.0)
    loaded = started_as(history, "loaded") & (updates[after] > 0) & (left > FORGOTTEN_BELOW)
    return bool((dominated | begun_between | loaded).any())


def _against(spread: Floats, other: Floats) -> Floats:
    """Quotient of two spreads [records], NaN where the second is 0."""
    quotient = np.full(len(spread), np.nan)
    np.divide(spread, other, out=quotient, where=other > 0)
    return quotient


def _relative_spread(columns: Mapping[str, Floats]) -> Floats:
    """Standard deviation over the rows, relative to the size of the outputs [records]."""
    spread, scale = columns["spread"], columns["scale"]
    relative = np.full(len(spread), np.nan)
    np.divide(spread, scale, out=relative, where=scale > 0)
    return relative


def _trained(history: ModelHistory) -> bool:
    """Whether weights were trained since the model is watched."""
    if not len(history.steps):
        return False
    changes = np.nansum(history.layer("gamma_beta_changes")[-1]) + np.nan_to_num(
        history.model("weight_changes")[-1]
    )
    return bool(max(changes, optimizer_steps(history)[-1]) >= TRAINED_AT_LEAST)

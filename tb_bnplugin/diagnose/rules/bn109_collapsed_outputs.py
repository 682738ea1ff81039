"""In inference mode all rows of a batch give the same output; in training mode they do not.

What it sees:
    A held batch whose outputs are the same from row to row with the moving statistics, and differ
    with the statistics of the batch.

Why it matters:
    The model gives the same answer to every input, so validation stays at chance. The moving
    statistics do not fit the inputs of the layers: activations shrink (or saturate) layer by layer
    until nothing of the input is left.

How it decides:
    In the newest probe the standard deviation over the rows, relative to the root mean square of
    the outputs, is below 0.0001 with moving statistics (or that deviation is less than a
    thousandth of the one with batch statistics), while with batch statistics it is above 0.01.
    Outputs that hardly differ in either mode (a constant task, a fresh last layer) are not
    reported. It is an error where, at the step of the probe, no update of the statistics was
    counted, or none was needed any more. It is an info while the starting value is still wearing
    off (BN201), or while more than a ten-thousandth of the loaded statistics is left.

What to do:
    Correct what BN101, BN106, BN201, BN204 or BN209 report. If none reports anything, compare
    moving and batch statistics of the layers, and look for the first one where they differ much.

When it is fine:
    In the first steps of training, until the moving statistics have caught up.

References:
    https://github.com/keras-team/keras/issues/6977,
    https://github.com/tensorflow/tensorflow/issues/32864
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.collapse import collapsed, relative_spreads
from tb_bnplugin.diagnose.evidence.layers import newest, started_as, updates_since_start
from tb_bnplugin.diagnose.evidence.momentum import start_left, updates_needed
from tb_bnplugin.diagnose.evidence.training import has_trained
from tb_bnplugin.diagnose.fixes import run_in_training_mode
from tb_bnplugin.diagnose.needs import PROBE
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import num

RULE: Final = Rule(
    code="BN109", name="collapsed-outputs", severity="error", needs=(PROBE,), told_at_end=True
)

FORGOTTEN_BELOW: Final = 1e-4
"""Share of loaded statistics that is left after some updates, momentum^n: a starting variance of
1 with a ten-thousandth left is small beside batch variances, which are often near 0.001."""

ASSIGNED: Final = (
    "The moving statistics still hold some of what was loaded or assigned, as by a recalibration,"
    " see BN202."
)


def check(history: ModelHistory) -> Outcome:
    """Look for a held batch whose rows only inference mode makes alike."""
    probe = history.probe
    assert probe is not None
    moving, batch = relative_spreads(probe)
    if not np.isfinite(moving[-1]) or not np.isfinite(batch[-1]):
        return RULE.not_checked("The outputs in the newest probe are zero or not finite.")
    if not has_trained(history):
        return RULE.not_checked("The model has not been trained yet.")
    rows = probe.moving.get("batch", np.full(len(probe.steps), np.nan))[-1]
    if rows < 2:
        return RULE.not_checked("The held batch has only one row. Pass more rows as probe_data.")
    alike = collapsed(probe)
    if not alike[-1]:
        return RULE.ok("The rows of the held batch give different outputs in inference mode, too.")
    first = len(alike) - int(np.argmin(alike[::-1])) if not alike.all() else 0
    starting, left = _recovering(history, int(probe.steps[-1]))
    return RULE.finding(
        message=(
            "With moving statistics all rows of the held batch give the same output"
            f" (relative spread {num(moving[-1])}); with batch statistics they differ"
            f" ({num(batch[-1])})."
        ),
        fix=(
            "The moving statistics are still near their start: train longer, see BN201."
            if starting
            else ASSIGNED
            if left > FORGOTTEN_BELOW
            else _fix(history)
        ),
        evidence={
            "relative_spread_moving": float(moving[-1]),
            "relative_spread_batch": float(batch[-1]),
            "rows": None if np.isnan(rows) else int(rows),
            "start_dominates": starting,
        },
        steps=(int(probe.steps[first]), int(probe.steps[-1])),
        severity="info" if starting or left > FORGOTTEN_BELOW else None,
    )


def _fix(history: ModelHistory) -> str:
    idle = (updates_since_start(history)[-1] <= 0) & (newest(history.layer("trainable")) == 1.0)
    if idle.any():
        return (
            "Let training update the moving statistics (see BN101, BN106)."
            f" {run_in_training_mode(history, np.asarray(idle, bool))}"
        )
    return (
        "Every layer that is to train ran in training mode, so the moving statistics do not fit for"
        " another reason (see BN202, BN204, BN207, BN209, BN210). Look for the first layer where"
        " they differ much from the batch statistics."
    )


def _recovering(history: ModelHistory, step: int) -> tuple[bool, float]:
    """The starting value shaped a layer at the step of a probe: True; and what is left of others.

    The records around the step show it, as BN201 has it. Of statistics that were loaded or assigned
    it is the largest share that updates have left, 0 where there are none.
    """
    before = max(int(np.searchsorted(history.steps, step, side="right")) - 1, 0)
    after = min(int(np.searchsorted(history.steps, step)), len(history.steps) - 1)
    needed, updates = np.nan_to_num(updates_needed(history)), updates_since_start(history)
    dominated = (needed[before] > 0) | (needed[after] > 0)
    begun_between = (updates[before] <= 0) & (updates[after] > 0)
    loaded = started_as(history, "loaded") & (updates[after] > 0)
    left = np.where(loaded, np.nan_to_num(start_left(history, updates[before])), 0.0)
    return bool((dominated | begun_between).any()), float(left.max(initial=0.0))

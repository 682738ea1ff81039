"""How far the starting value still shapes the moving statistics."""

from __future__ import annotations

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import movable, started_as, updates_since_start
from tb_bnplugin.history.model import Floats, ModelHistory


def updates_needed(history: ModelHistory) -> Floats:
    """Updates still needed [records, layers] until the starting value no longer matters.

    0 where it does not matter any more; NaN where it cannot be told: loaded statistics, no
    update yet, a momentum of 1.
    """
    needed = history.layer("start_updates")
    updates = updates_since_start(history)
    judged = np.isfinite(needed) & (updates > 0)
    judged &= started_as(history, "initializer") & movable(history)
    return np.where(judged, np.maximum(needed - updates, 0.0), np.nan)

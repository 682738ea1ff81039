"""The arithmetic of `moving = momentum * moving + (1 - momentum) * batch`.

With a momentum of 0.99 an update takes a hundredth of the batch; after 100 updates
0.99 ** 100 = 37 % of the starting value are left, after 916 updates a ten-thousandth.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    Mask,
    layers_where,
    started_as,
    updates_since_start,
)
from tb_bnplugin.history.model import Floats, ModelHistory

HALF_UNIT: Final = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
"""Half a unit in the last place, relative to the value: what an update must exceed."""


def momenta(history: ModelHistory) -> Floats:
    """The momentum of each layer [layers], NaN where it is not known."""
    known = (layer.momentum for layer in history.facts.layers)
    return np.array([np.nan if momentum is None else momentum for momentum in known], np.float64)


def movable(history: ModelHistory) -> Mask:
    """Layers [layers] whose moving statistics an update would change: momentum is not 1."""
    return layers_where(history, lambda layer: layer.momentum != 1.0)


def outside_range(history: ModelHistory) -> Mask:
    """Layers [layers] with a momentum below 0 or above 1."""
    return np.asarray((momenta(history) < 0.0) | (momenta(history) > 1.0), bool)


def averages(history: ModelHistory) -> Mask:
    """Layers [layers] with a momentum between 0 and 1, neither included."""
    return np.asarray((momenta(history) > 0.0) & (momenta(history) < 1.0), bool)


def update_share(history: ModelHistory) -> Floats:
    """Share of the batch in an update [layers], 1 - momentum; 1 where that is not below 1."""
    momentum = momenta(history)
    return np.where((momentum >= 0.0) & (momentum < 1.0), 1.0 - momentum, 1.0)


def updates_remembered(history: ModelHistory) -> Floats:
    """Updates that the moving average remembers [layers], 1 / (1 - momentum); 0 of no average."""
    return np.where(averages(history), 1.0 / update_share(history), 0.0)


def rounding_error(history: ModelHistory) -> Floats:
    """Relative error [layers] at which updates are rounded off; 0 of float32 and wider.

    An update adds (1 - momentum) * error. In bfloat16 with a momentum of 0.99 it is rounded off
    where that is below 2^-8 of the value: at an error of 2^-8 / 0.01 = 39 %.
    """
    half_units = [HALF_UNIT.get(layer.dtype or "", 0.0) for layer in history.facts.layers]
    return np.array(half_units) / update_share(history)


def start_left(history: ModelHistory, updates: Floats) -> Floats:
    """Share of the starting value that is left after some updates [layers], momentum^n."""
    return np.clip(momenta(history), 0.0, 1.0) ** np.maximum(updates, 0.0)


def updates_needed(history: ModelHistory) -> Floats:
    """Updates still needed [records, layers] until the starting value no longer matters.

    0 where it does not matter any more; NaN where it is not known: loaded statistics, no
    update yet, a momentum of 1.
    """
    needed = history.layer("start_updates")
    updates = updates_since_start(history)
    judged = np.isfinite(needed) & (updates > 0)
    judged &= started_as(history, "initializer") & movable(history)
    return np.where(judged, np.maximum(needed - updates, 0.0), np.nan)

"""The part of a run that comparing reads: small, so that a thousand runs can be held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from tb_bnplugin.history.model import CONTEXTS, MODES, Floats, ModelHistory

COUNTS: Final = frozenset(f"{mode}_{context}" for mode in MODES for context in CONTEXTS)
"""Executions of a layer in either mode."""


def comparable(history: ModelHistory) -> ModelHistory:
    """The history without what no CR rule reads: `compare` gives the same of it.

    These rules read what is static, the losses, counters as they ended, and whether the learning
    rate stayed: its extremes tell that. What `diagnose` says of the run must be given beside it.
    """
    newest = history.newest_process()
    kept = _ends(newest)
    return replace(
        newest,
        calls=(),
        steps=newest.steps[kept],
        wall_times=newest.wall_times[kept],
        model_columns={name: column[kept] for name, column in newest.model_columns.items()},
        layer_columns={
            name: column[kept] for name, column in newest.layer_columns.items() if name in COUNTS
        },
        losses=tuple(replace(loss, columns=_known(loss.columns)) for loss in newest.losses),
        gradients=(),
        probe=None,
        probe_layers=None,
        epochs=(),
        notes=(),
    )


def _known(columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """The columns in which something was measured."""
    return {name: column for name, column in columns.items() if np.isfinite(column).any()}


def _ends(history: ModelHistory) -> list[int]:
    """Records that tell what all do: the ends, the extremes of the rate, the newest of a column."""
    if not len(history.steps):
        return []
    kept = {0, len(history.steps) - 1}
    for column in history.model_columns.values():
        if (known := np.flatnonzero(np.isfinite(column))).size:
            kept.add(int(known[-1]))
    kept |= _extremes(history.model("learning_rate"))
    return sorted(kept)


def _extremes(values: Floats) -> set[int]:
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return set()
    at = (known[0], known[np.argmin(values[known])], known[np.argmax(values[known])])
    return {int(one) for one in at}

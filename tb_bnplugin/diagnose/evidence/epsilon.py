"""Loaded layers whose epsilon is far above their variance, and the layers behind that show it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask, layers_where, medians, newest, started_as
from tb_bnplugin.diagnose.evidence.probe_gap import LOG_GAP, probe_gap
from tb_bnplugin.history.model import Floats, ModelHistory

DOMINATED: Final = 0.2
"""Variance over epsilon below which epsilon decides the scale: it shrinks what comes out by
sqrt(1 + 1 / 0.2) = 2.4."""

NOTHING: Final = 1e-12
"""Variance of a constant input, for which nothing is scaled."""

FIRST_RECORDS: Final = 5
"""Records of a process before the layers behind have adapted."""


@dataclass(frozen=True, kw_only=True)
class EpsilonGap:
    """The layers [layers] that epsilon decides, and those that suffer from it."""

    known: Mask  # variance and epsilon are
    variance: Floats  # moving, mean over the channels
    epsilon: Floats
    dominated: Mask  # of loaded and trained layers, which see what they saw when they trained
    following: Mask  # behind these, with a moving variance that what enters does not reach
    unclear: Mask  # behind these, and not known


def epsilon_gap(history: ModelHistory) -> EpsilonGap:
    """Loaded layers whose variance, and that of their batches, is far below epsilon."""
    epsilon = np.array([layer.epsilon or np.nan for layer in history.facts.layers], np.float64)
    variance = newest(history.layer("moving_variance"))
    batch, shift = newest(history.layer("batch_variance")), _first_shift(history)
    probe, probed = probe_gap(history), history.probe_layers
    if probe is not None and probed is not None and "batch_variance" in probed.columns:
        batch = np.where(np.isfinite(batch), batch, probed.columns["batch_variance"][-1])
        shift = np.where(np.isfinite(shift), shift, probe.shift)
    small = (variance > NOTHING) & (variance < DOMINATED * epsilon) & (batch < DOMINATED * epsilon)
    trained = layers_where(history, lambda layer: layer.gamma_beta.start != "initializer")
    as_before = np.abs(np.log(variance / batch)) < LOG_GAP
    dominated = small & as_before & trained & started_as(history, "loaded")
    behind = _behind(history, dominated)
    return EpsilonGap(
        known=np.isfinite(variance) & np.isfinite(epsilon),
        variance=variance,
        epsilon=epsilon,
        dominated=np.asarray(dominated, bool),
        following=np.asarray(behind & (shift > LOG_GAP), bool),
        unclear=np.asarray(behind & ~np.isfinite(shift), bool),
    )


def _first_shift(history: ModelHistory) -> Floats:
    """Median shift [layers] of the first records; NaN where none of them was kept."""
    early = history.model("record") <= FIRST_RECORDS
    return medians(history.layer("variance_shift")[early])


def _behind(history: ModelHistory, layers: Mask) -> Mask:
    """Layers [layers] that get what one of these gave: by the graph, or by their order."""
    nodes, edges = history.facts.graph.nodes, history.facts.graph.edges
    found = np.zeros(len(layers), bool)
    if not layers.any():
        return found
    if not edges:
        found[int(np.flatnonzero(layers)[0]) + 1 :] = True
        return found & ~layers
    after: dict[int, list[int]] = {}
    for begin, end in edges:
        after.setdefault(begin, []).append(end)

    def held(at: int) -> int | None:
        layer = nodes[at].layer if 0 <= at < len(nodes) else None
        return layer if layer is not None and 0 <= layer < len(layers) else None

    waiting = deque(at for at in range(len(nodes)) if (of := held(at)) is not None and layers[of])
    seen = set(waiting)
    while waiting:
        for at in after.get(waiting.popleft(), ()):
            if at not in seen:
                seen.add(at)
                waiting.append(at)
                if (layer := held(at)) is not None:
                    found[layer] = True
    return found & ~layers

"""The layers that cause a gap of the modes, by the attribution of the newest probe."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.diagnose.evidence.probe_gap import LOG_GAP, MEAN_GAP
from tb_bnplugin.history.model import Floats, ModelHistory, Node

LARGE_SHARE: Final = 0.1
"""Share of the gap that makes a layer one of its causes, whatever its statistics are,"""

SOME_SHARE: Final = 0.01
"""... and where they do not fit: it costs something."""

NAMED: Final = 5
"""Layers whose shares a message says."""

DROPPING: Final = ("Dropout", "GaussianNoise")
"""In the names of Keras' layers that change the variance in training alone."""


@dataclass(frozen=True, kw_only=True)
class GapCauses:
    """The part of each layer [layers] in the gap; NaN where it was not measured."""

    share: Floats
    together: Floats  # layers that were measured together, 1: the layer alone
    mean: Floats  # gap of its means, in standard deviations, where all layers before it are right
    shift: Floats  # there, ln of moving variance over that of what enters

    @property
    def known(self) -> bool:
        """True if the shares were measured."""
        return bool(np.isfinite(self.share).any())

    @property
    def layers(self) -> Mask:
        """The layers that cause it."""
        off = (self.mean > MEAN_GAP) | (np.abs(self.shift) > LOG_GAP)
        return np.asarray((self.share >= LARGE_SHARE) | (off & (self.share >= SOME_SHARE)), bool)

    def text(self, history: ModelHistory, layers: Mask) -> str:
        """The largest shares of these layers, in words: "bn_1 88 %, bn_2 12 %"; or ""."""
        alone = np.where(layers & (self.together == 1) & (self.share > 0), self.share, -math.inf)
        largest = [at for at in np.argsort(-alone, kind="stable")[:NAMED] if alone[at] > 0]
        facts = history.facts.layers
        return ", ".join(f"{facts[at].path} {self.share[at]:.0%}" for at in largest)


def gap_causes(history: ModelHistory) -> GapCauses:
    """The layers that cause the gap of the newest probe."""
    probed, unknown = history.probe_layers, np.full(len(history.facts.layers), np.nan)

    def column(name: str) -> Floats:
        values = None if probed is None else probed.columns.get(name)
        return unknown if values is None or not len(values) else np.asarray(values[-1], np.float64)

    return GapCauses(
        share=column("gap_share"),
        together=column("gap_share_layers"),
        mean=column("own_mean_gap"),
        shift=column("own_variance_shift"),
    )


def behind_dropout(history: ModelHistory) -> Mask:
    """Layers [layers] that get what Dropout gave, with no normalization in between."""
    nodes = history.facts.graph.nodes
    before: dict[int, list[int]] = {}
    for begin, end in history.facts.graph.edges:
        before.setdefault(end, []).append(begin)
    found = np.zeros(len(history.facts.layers), bool)
    for at, node in enumerate(nodes):
        if node.layer is not None and 0 <= node.layer < len(found) and not found[node.layer]:
            found[node.layer] = any(_drops(nodes[step]) for step in _reached(at, before, nodes))
    return found


def _drops(node: Node) -> bool:
    return any(word in node.layer_class for word in DROPPING)


def _reached(
    begin: int, beside: Mapping[int, Sequence[int]], nodes: Sequence[Node]
) -> Iterator[int]:
    """The steps that are reached from one, up to the first normalization on each way.

    Args:
        begin: a step of the graph.
        beside: the steps that come next, in the direction that is gone.
        nodes: all steps.
    """
    seen, waiting = {begin}, deque(beside.get(begin, ()))
    while waiting:
        step = waiting.popleft()
        if step in seen or not 0 <= step < len(nodes):
            continue
        seen.add(step)
        yield step
        if nodes[step].layer is None:
            waiting.extend(beside.get(step, ()))


@dataclass(frozen=True)
class DropoutBefore:
    """Those of a model's Dropout layers that stand before some normalizations."""

    count: int
    every: bool  # no other stands elsewhere


def dropout_before(history: ModelHistory, layers: Collection[str]) -> DropoutBefore:
    """The Dropout layers that stand before these normalizations, with none in between."""
    nodes, after = history.facts.graph.nodes, dict[int, list[int]]()
    for begin, end in history.facts.graph.edges:
        after.setdefault(begin, []).append(end)
    of = {at for at, layer in enumerate(history.facts.layers) if layer.path in layers}
    dropping = [at for at, node in enumerate(nodes) if _drops(node)]
    reached = ({nodes[step].layer for step in _reached(at, after, nodes)} for at in dropping)
    count = sum(bool(layers_reached & of) for layers_reached in reached)
    return DropoutBefore(count, every=count == len(dropping))

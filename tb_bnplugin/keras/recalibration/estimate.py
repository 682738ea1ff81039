"""The passes over the data of one recalibration, and the statistics that they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_bnplugin.keras.flavour import Flavour
from tb_bnplugin.keras.recalibration.batches import Batches, rows_of
from tb_bnplugin.keras.recalibration.held import HeldBatches
from tb_bnplugin.keras.recalibration.passes import Passes
from tb_bnplugin.keras.recalibration.progress import Progress
from tb_bnplugin.keras.variables import local
from tb_bnplugin.measure.pooled import Pooled
from tb_bnplugin.measure.recalibration import Score

Floats = npt.NDArray[np.float64]
Modes = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Found:
    """New statistics, not written yet, and what the model does with them."""

    statistics: dict[str, Floats]  # [2, channels] by path, of the layers that ran
    old: dict[str, Floats]
    values: dict[str, float]
    first: tuple[str, ...]  # paths of those that no other layer stands before
    batches: int
    rows: int
    passes: int
    before: Score
    after: Score
    batch: Score


class Estimate:
    """The passes over the data, and what they give."""

    def __init__(
        self, flavour: Flavour, model: Any, layers: Mapping[str, Any], batches: Batches, loss: Any
    ) -> None:
        self._layers = layers
        self._batches = batches
        self._passes = Passes(flavour, model, list(layers.values()))
        self._held = HeldBatches(flavour, model, loss)
        self._count = self._rows = 0

    def run(self, *, exact: bool, quiet: bool) -> Found:
        """Go through the data, in one pass or layer by layer."""
        old = np.concatenate([_statistics(layer) for layer in self._layers.values()], axis=1)
        everything = np.ones(len(self._layers), bool)
        progress = Progress(self._batches.expected, quiet=quiet)
        pooled = self._pass(old, everything, progress, first=True)
        if not self._count:
            raise ValueError("data has no batch, or none with rows")
        new = np.where(pooled.counts > 0, [pooled.mean, pooled.variance], old)
        passes = 1
        if exact:
            new, passes = self._layer_by_layer(old, new, quiet=quiet)
        places = dict(zip(self._layers, self._passes.places, strict=True))
        values = {path: float(pooled.counts[at].max()) for path, at in places.items()}
        return Found(
            statistics={path: new[:, places[path]] for path, count in values.items() if count > 0},
            old={path: old[:, at] for path, at in places.items()},
            values=values,
            first=tuple(
                path
                for path, level in zip(self._layers, self._passes.levels, strict=True)
                if level == 1
            ),
            batches=self._count,
            rows=self._rows,
            passes=passes,
            before=self._held.score(lambda x: self._passes.run(x, old, ~everything)[0]),
            after=self._held.score(lambda x: self._passes.run(x, new, ~everything)[0]),
            batch=self._held.with_batch_statistics(),
        )

    def _layer_by_layer(self, old: Floats, one_pass: Floats, *, quiet: bool) -> tuple[Floats, int]:
        """The statistics where all layers before a layer have theirs; those of level 1 have."""
        levels = np.array(self._passes.levels)
        last = int(levels.max())
        expected = self._batches.expected
        progress = Progress(None if expected is None else expected * (last - 1), quiet=quiet)
        new = one_pass.copy()
        for level in range(2, last + 1):
            pooled = self._pass(new, levels >= level, progress, first=False)
            for at in np.flatnonzero(levels == level):
                place = self._passes.places[at]
                if pooled.counts[place].any():
                    found = np.stack([pooled.mean, pooled.variance])[:, place]
                    new[:, place] = np.where(pooled.counts[place] > 0, found, old[:, place])
        return new, max(last, 1)

    def _pass(self, held: Floats, by_batch: Modes, progress: Progress, *, first: bool) -> Pooled:
        pooled = Pooled(self._passes.channels)
        for batch in self._batches:
            outputs, moments = self._passes.run(batch[0], held, by_batch)
            pooled.add(*moments)
            if first:
                self._count += 1
                self._rows += rows_of(batch[0])
                self._held.offer(batch, outputs)
            progress.advance()
        return pooled


def _statistics(layer: Any) -> Floats:
    variables = (layer.moving_mean, layer.moving_variance)
    return np.stack([np.asarray(local(each), np.float64).reshape(-1) for each in variables])

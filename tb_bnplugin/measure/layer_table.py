"""The `layers` record of a model, kept up from reading to reading.

What only one record would show is kept as a running column, since TensorBoard drops records
at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.measure.events import Changes, EventTable
from tb_bnplugin.measure.layout import Floats, Layout, differs
from tb_bnplugin.measure.model_row import ModelRow
from tb_bnplugin.measure.reading import Baseline, LayerStart, Moment, NewLayers, Reading
from tb_bnplugin.measure.replicas import ReplicaGaps, copies_at_start
from tb_bnplugin.measure.starting_values import StartingValues
from tb_bnplugin.schema.columns import CONTEXTS, EXECUTION_COLUMNS, LAYER_COLUMNS
from tb_bnplugin.schema.thresholds import START_CHANNEL_SHARE

_COLUMN: Final = {name: index for index, name in enumerate(LAYER_COLUMNS)}
_MOVING: Final = [_COLUMN[name] for name in ("moving_mean", "moving_variance")]
_BATCH: Final = [_COLUMN[name] for name in ("batch_mean", "batch_variance")]
_RANKED: Final = [_COLUMN[name] for name in ("mean_gap", "variance_gap", "variance_shift")]
_GAPS: Final = [*_BATCH, *_RANKED]
_CONTEXTS: Final = len(CONTEXTS)
_OUTSIDE: Final = [CONTEXTS.index(name) for name in ("tape", "no_tape", "unknown")]


class _Pooled:
    """The part of a reading that its record takes, and that the next one is compared with."""

    def __init__(self, reading: Reading, layout: Layout) -> None:
        both = np.stack([reading.mean, reading.variance]).astype(np.float64)
        self.sums: Floats = np.add.reduceat(both, layout.heads, axis=1)  # [2, layers]
        self.ranked: Floats = both[:, layout.ranked]  # [2, ranked channels]


class LayerTable:
    """Rows of all layers. Layers may be appended; their columns begin when they are first read."""

    def __init__(self) -> None:
        self.events = EventTable()
        self._rows = np.full((0, len(LAYER_COLUMNS)), np.nan)
        self._model = ModelRow()
        self._layout = Layout(())
        self._starting = StartingValues()
        self._replicas = ReplicaGaps()
        self._gamma_beta_layers = np.zeros(0, np.int64)  # layer of each value of gamma_beta
        self._last: Reading | None = None
        self._external = np.zeros(0, np.int64)
        self._pooled: _Pooled | None = None  # of the newest reading

    @property
    def starts(self) -> Sequence[LayerStart]:
        """The starting values of each layer, as far as they are known now."""
        return self._starting.starts

    def signature(self) -> bytes:
        """Differs when a layer has done something unusual for the first time, or is not finite."""
        invalid = np.isfinite(self._rows[:, _COLUMN["invalid_first_step"]])
        return self.events.signature() + bytes(invalid.tobytes())

    def append(self, new: NewLayers) -> None:
        """Add layers behind the known ones."""
        self._starting.append(new.starts, new.mean, new.variance)
        self._layout = Layout(self._starting.starts)
        self._pooled = None
        self.events.append(new.starts)
        new_rows = np.full((len(new.starts), len(LAYER_COLUMNS)), np.nan)
        for name in ("statistics_changes", "gamma_beta_changes", "external_changes"):
            new_rows[:, _COLUMN[name]] = 0.0
        self._rows = np.concatenate([self._rows, new_rows])

    def begin(self, baseline: Baseline) -> None:
        """Take a new kind of reading, which later ones are compared with.

        Layers that the table has not seen before are compared with their starting values instead.
        """
        reading, owners = baseline.reading, baseline.gamma_beta_layers
        last = self._last
        seen = 0 if last is None else len(last.executions)
        split = int(self._layout.offsets[seen])
        mean, variance = reading.mean.copy(), reading.variance.copy()
        mean[split:] = self._starting.mean[split:].astype(mean.dtype)
        variance[split:] = self._starting.variance[split:].astype(variance.dtype)
        others = copies_at_start(reading, last, mean, variance, split)
        executions = reading.executions.copy()
        gamma_beta = reading.gamma_beta.copy()
        if last is not None:
            mean[:split], variance[:split] = last.mean, last.variance
            executions[:seen] = last.executions
            gamma_beta[owners < seen] = last.gamma_beta
        for index in range(seen, self._layout.layers):
            executions[index] = 0
            executions[index, 0] = self.starts[index].updates_before
        self._gamma_beta_layers = owners
        self._pooled = None
        self._last = replace(
            reading,
            mean=mean,
            variance=variance,
            executions=executions,
            gamma_beta=gamma_beta,
            other_copies=others,
        )

    def changed_from_outside(self) -> list[int]:
        """Layers whose statistics the update before changed without an execution in training."""
        return [int(layer) for layer in self._external]

    def restart(self, layer: int, start: LayerStart) -> None:
        """Take the layer's last read statistics as its start: they came from outside."""
        assert self._last is not None
        channels = self._layout.channels_of(layer)
        mean, variance = self._last.mean[channels], self._last.variance[channels]
        self._starting.replace(layer, start, channels, mean, variance)

    def update(self, reading: Reading, moment: Moment, loop_began: Reading | None = None) -> Floats:
        """Make the next `layers` record, float64 [1 + layers, columns], from a new reading.

        `loop_began`: the reading before an evaluate or predict loop that has just ended.
        """
        last = self._last
        assert last is not None
        if loop_began is not None and len(loop_began.executions):
            self._note_loop(reading, loop_began)
            if len(loop_began.executions) == len(last.executions):  # what was put back before it
                moved = self._moved(loop_began, last)
                self.events.note_put_back(loop_began, moved, self._layout.heads, float(moment.step))
        rows, step = self._rows, float(moment.step)
        with np.errstate(all="ignore"):
            executions = reading.executions.astype(float)
            new: Floats = executions - last.executions.astype(float)
            rows[:, : len(EXECUTION_COLUMNS)] = executions[:, : len(EXECUTION_COLUMNS)]
            trained: Floats = new[:, :_CONTEXTS].sum(axis=1, dtype=np.float64)
            _mark(rows, new[:, _OUTSIDE].sum(axis=1) > 0, "training", step)
            outside_inference = new[:, [_CONTEXTS + at for at in _OUTSIDE]].sum(axis=1)
            _mark(rows, outside_inference > 0, "inference", step)
            if self._layout.layers:
                self._statistics(reading, last, trained, step)
            rows[:, _COLUMN["trainable"]] = reading.trainable
        model = self._model.update(reading, last, moment, self._replicas.compared)
        self._last = reading
        padding = np.full(len(LAYER_COLUMNS) - len(model), np.nan)
        return np.concatenate([np.append(model, padding)[None], rows])

    def _statistics(self, reading: Reading, last: Reading, trained: Floats, step: float) -> None:
        rows, layout = self._rows, self._layout
        changes = Changes(
            trained=trained,
            mean=differs(reading.mean, last.mean),
            variance=differs(reading.variance, last.variance),
            heads=layout.heads,
        )
        changed = changes.layers_mean | changes.layers_variance
        momentum = layout.momentum
        usable = (trained > 0) & (momentum < 1) & (momentum >= 0)
        kept = np.where(usable, momentum**trained, np.nan)
        self.events.note_replicas(self._replicas.update(reading, last, layout, kept), step)
        self.events.update(reading, last, changes, step)
        _count(rows, changed, "statistics", step)
        external = changed & (trained == 0)
        self._external = np.flatnonzero(external)
        rows[external, _COLUMN["external_changes"]] += 1
        gamma_beta = differs(reading.gamma_beta, last.gamma_beta)
        learned = np.zeros(layout.layers, bool)
        learned[self._gamma_beta_layers[gamma_beta]] = True
        rows[learned, _COLUMN["gamma_beta_changes"]] += 1

        before_it = self._pooled if self._pooled is not None else _Pooled(last, layout)
        now = self._pooled = _Pooled(reading, layout)
        smallest = np.minimum.reduceat(reading.variance, layout.heads)
        # a value that is not finite makes its sum so
        valid = np.isfinite(now.sums).all(axis=0) & (smallest >= 0)
        _first(rows, ~valid, "invalid_first_step", step)
        rows[:, _MOVING] = (now.sums / layout.widths).T
        rows[:, _COLUMN["variance_min"]] = smallest

        before = rows[:, _GAPS].copy()
        weight = layout.widths * (1 - kept)
        rows[:, _BATCH] = ((now.sums - kept * before_it.sums) / weight).T
        self._ranks(now.ranked, before_it.ranked, reading, kept)
        idle = (trained == 0) & ~changed  # the newest batch seen still is what it was
        rows[np.ix_(idle, _GAPS)] = before[idle]

    def _note_loop(self, reading: Reading, began: Reading) -> None:
        """Compare the statistics after a loop with those before it, of the layers known then."""
        seen = len(began.executions)
        end = int(self._layout.offsets[seen])
        changed = differs(reading.mean[:end], began.mean.astype(reading.mean.dtype))
        changed |= differs(reading.variance[:end], began.variance.astype(reading.variance.dtype))
        layers = np.logical_or.reduceat(changed, self._layout.heads[:seen])
        uncounted = (reading.executions[:seen] == began.executions).all(axis=1)
        self.events.note_loop(uncounted, uncounted & layers)

    def _moved(self, reading: Reading, last: Reading) -> npt.NDArray[np.bool_]:
        """Layers [layers] whose statistics differ in any bit."""
        changed = differs(reading.mean, last.mean) | differs(reading.variance, last.variance)
        return np.logical_or.reduceat(changed, self._layout.heads)

    def _ranks(self, now: Floats, before: Floats, reading: Reading, kept: Floats) -> None:
        """Medians of the gaps, and the upper quartile of the updates that the start needs.

        The batch statistics of k updates between two readings are `(new - m^k old) / (1 - m^k)`.

        Args:
            now: mean and variance [2, ranked channels] of the new reading.
            before: the same of the one before.
            reading: the new one.
            kept: m^k [layers].
        """
        layout = self._layout
        share, epsilon = kept[layout.ranked_owner], layout.ranked_epsilon
        mean, variance = now
        batch_mean, batch_variance = (now - share * before) / (1 - share)
        spread = np.maximum(batch_variance, 0) + epsilon
        trained = reading.executions[:, :_CONTEXTS].sum(axis=1)
        followed = self._starting.without_start(layout, variance, trained)
        values = [
            np.abs(mean - batch_mean) / np.sqrt(spread),
            np.abs(np.log((variance + epsilon) / spread)),
            np.log((followed + epsilon) / spread),
        ]
        start_is_due = self._starting.is_due(float(trained.sum()))
        if start_is_due:
            values.append(self._starting.updates_needed(layout, mean, variance, trained))
        share_above = START_CHANNEL_SHARE if start_is_due else None
        median, upper = layout.quantiles(np.stack(values), share_above)
        self._rows[:, _RANKED] = median[:3].T
        if start_is_due:
            self._rows[:, _COLUMN["start_updates"]] = upper[3]


def _mark(rows: Floats, where: npt.NDArray[np.bool_], mode: str, step: float) -> None:
    _first(rows, where, f"{mode}_first_step", step)
    rows[where, _COLUMN[f"{mode}_last_step"]] = step


def _count(rows: Floats, where: npt.NDArray[np.bool_], what: str, step: float) -> None:
    rows[where, _COLUMN[f"{what}_changes"]] += 1
    _first(rows, where, f"{what}_first_step", step)
    rows[where, _COLUMN[f"{what}_last_step"]] = step


def _first(rows: Floats, where: npt.NDArray[np.bool_], column: str, step: float) -> None:
    at = _COLUMN[column]
    rows[where & np.isnan(rows[:, at]), at] = step

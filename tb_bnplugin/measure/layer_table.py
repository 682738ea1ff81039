"""From the state of all layers to one table: read on the device in one go, computed in numpy.

What only one record would show is kept as a running column, since TensorBoard drops records
at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.measure.channels import differs, ranked_channels
from tb_bnplugin.measure.events import Changes, EventTable
from tb_bnplugin.measure.reading import LayerStart, Moment, Reading
from tb_bnplugin.schema.columns import (
    CONTEXTS,
    EXECUTION_COLUMNS,
    LAYER_COLUMNS,
    MODEL_COLUMNS,
    RECORD_REASONS,
)

Floats = npt.NDArray[np.float64]

_COLUMN: Final = {name: index for index, name in enumerate(LAYER_COLUMNS)}
_GAPS: Final = [
    _COLUMN[name] for name in ("batch_mean", "batch_variance", "mean_gap", "variance_gap")
]
_MODEL: Final = {name: index for index, name in enumerate(MODEL_COLUMNS)}
_CONTEXTS: Final = len(CONTEXTS)
_OF: Final = ("mean", "variance")
_OUTSIDE: Final = [CONTEXTS.index(name) for name in ("tape", "no_tape", "unknown")]

VARIANCE_FACTOR: Final = 2.0
"""The starting value matters while it moves the variance by more than this factor."""

MEAN_SHARE: Final = 0.5
"""... or the mean by more than this many standard deviations."""

CHANNEL_SHARE: Final = 0.25
"""... in more than this share of the channels."""


START_GROWTH: Final = 0.01
"""Share by which the updates grow until the influence of the start is computed again."""


class Table:
    """The `layers` record of a model, kept up from reading to reading.

    Layers may be appended; their columns begin when they are first read.
    """

    def __init__(self) -> None:
        self._rows = np.full((0, len(LAYER_COLUMNS)), np.nan)
        self._model = np.full(len(LAYER_COLUMNS), np.nan)
        self._model[_MODEL["record"]] = 0.0
        self._model[_MODEL["weight_changes"]] = 0.0
        self._starts: list[LayerStart] = []
        self._offsets = np.zeros(1, np.int64)  # of each layer's channels; the last is the end
        self._gamma_beta_layers = np.zeros(0, np.int64)  # layer of each value of Reading.gamma_beta
        self._start_mean = np.zeros(0)
        self._start_variance = np.zeros(0)
        self._groups: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
        self._owner = np.zeros(0, np.int64)  # layer of each channel
        self._momentum = np.zeros(0)  # [layers]
        self._epsilon = np.zeros(0)  # [channels]
        self._chosen = np.zeros(0, np.int64)  # channels that are ranked
        self._updates_before = np.zeros(0)  # [layers], as LayerStart has it
        self._from_initializer = np.zeros(0, bool)
        self._last: Reading | None = None
        self._batches_before: npt.NDArray[np.int64] | None = None
        self._foreign = np.zeros(0, np.int64)
        self._last_step = np.nan
        self._sums: tuple[Reading, Floats, Floats] | None = None  # of the newest reading
        self._start_seen = 0.0  # updates of all layers when the start's influence was computed
        self._rare = EventTable()
        self._event_rows: Floats | None = None

    @property
    def layers(self) -> int:
        """How many layers the table has."""
        return len(self._starts)

    @property
    def rare(self) -> Floats | None:
        """The newest `rare` record, float64 [layers, columns]: a new array when it changed.

        None while nothing rare has happened.
        """
        return self._event_rows

    def news(self) -> bytes:
        """Differs when a layer has done something rare for the first time, or is not finite."""
        invalid = np.isfinite(self._rows[:, _COLUMN["invalid_first_step"]])
        return self._rare.signature() + bytes(invalid.tobytes())

    def append(
        self,
        starts: Sequence[LayerStart],
        mean: npt.NDArray[np.generic],
        variance: npt.NDArray[np.generic],
    ) -> None:
        """Adds layers behind the known ones.

        Args:
            starts: one for each new layer.
            mean: their moving means when the count began, [channels of the new layers].
            variance: their moving variances, the same.
        """
        self._starts.extend(starts)
        self._rare.append(starts)
        self._offsets = np.concatenate(
            [[0], np.cumsum([start.channels for start in self._starts])]
        ).astype(np.int64)
        new_rows = np.full((len(starts), len(LAYER_COLUMNS)), np.nan)
        for name in ("statistics_changes", "gamma_beta_changes", "external_changes"):
            new_rows[:, _COLUMN[name]] = 0.0
        self._rows = np.concatenate([self._rows, new_rows])
        self._start_mean = np.concatenate([self._start_mean, mean.astype(float)])
        self._start_variance = np.concatenate([self._start_variance, variance.astype(float)])
        self._chosen, self._groups = ranked_channels(self._offsets)
        self._owner = np.repeat(np.arange(self.layers), np.diff(self._offsets))
        self._momentum = np.array([start.momentum for start in self._starts])
        self._epsilon = np.array([start.epsilon for start in self._starts])[self._owner]
        self._note_starts()

    def begin(self, reading: Reading, gamma_beta_layers: npt.NDArray[np.int64]) -> None:
        """Takes a new kind of reading: layers were added, or the reader was made anew.

        Args:
            reading: a first one, which later ones are compared with. Layers that the table
                has not seen before are compared with their starting values instead.
            gamma_beta_layers: int64, the layer index of each value of `reading.gamma_beta`.
        """
        last = self._last
        seen = 0 if last is None else len(last.executions)
        split = int(self._offsets[seen])
        mean, variance = reading.mean.copy(), reading.variance.copy()
        mean[split:] = self._start_mean[split:].astype(mean.dtype)
        variance[split:] = self._start_variance[split:].astype(variance.dtype)
        executions = reading.executions.copy()
        gamma_beta = reading.gamma_beta.copy()
        if last is not None:
            mean[:split], variance[:split] = last.mean, last.variance
            executions[:seen] = last.executions
            gamma_beta[gamma_beta_layers < seen] = last.gamma_beta
        for index in range(seen, self.layers):
            executions[index] = 0
            executions[index, 0] = self._starts[index].updates_before
        self._gamma_beta_layers = gamma_beta_layers
        self._sums = None
        self._last = replace(
            reading, mean=mean, variance=variance, executions=executions, gamma_beta=gamma_beta
        )

    def newly_external(self) -> list[int]:
        """Layers whose statistics another hand changed since the update before the last."""
        return [int(layer) for layer in self._foreign]

    def restart(self, layer: int, start: LayerStart) -> None:
        """Takes the layer's last read statistics as its start: another hand has written them."""
        assert self._last is not None
        begin, end = self._offsets[layer], self._offsets[layer + 1]
        self._start_mean[begin:end] = self._last.mean[begin:end]
        self._start_variance[begin:end] = self._last.variance[begin:end]
        self._starts[layer] = start
        self._note_starts()

    def _note_starts(self) -> None:
        self._start_seen = 0.0
        self._updates_before = np.array([start.updates_before for start in self._starts])
        self._from_initializer = np.array([start.from_initializer for start in self._starts])

    def update(self, reading: Reading, moment: Moment) -> Floats:
        """The next `layers` record, float64 [1 + layers, columns], from a new reading."""
        last = self._last
        assert last is not None
        rows, step = self._rows, float(moment.step)
        with np.errstate(all="ignore"):
            executions = reading.executions.astype(float)
            new: Floats = executions - last.executions.astype(float)
            rows[:, : len(EXECUTION_COLUMNS)] = executions[:, : len(EXECUTION_COLUMNS)]
            trained: Floats = new[:, :_CONTEXTS].sum(axis=1, dtype=np.float64)
            _mark(rows, new[:, _OUTSIDE].sum(axis=1) > 0, "training", step)
            outside_inference = new[:, [_CONTEXTS + at for at in _OUTSIDE]].sum(axis=1)
            _mark(rows, outside_inference > 0, "inference", step)
            if self.layers:
                self._statistics(reading, last, trained, step)
            rows[:, _COLUMN["trainable"]] = reading.trainable
        self._model_row(reading, last, moment)
        self._last = reading
        return np.concatenate([self._model[None], rows])

    def _statistics(self, reading: Reading, last: Reading, trained: Floats, step: float) -> None:
        rows, heads = self._rows, self._offsets[:-1]
        changes = Changes(
            trained=trained,
            mean=differs(reading.mean, last.mean),
            variance=differs(reading.variance, last.variance),
            heads=heads,
        )
        changed = np.logical_or.reduceat(changes.mean | changes.variance, heads)
        self._note_events(reading, last, changes, step)
        _count(rows, changed, "statistics", step)
        foreign = changed & (trained == 0)
        self._foreign = np.flatnonzero(foreign)
        rows[foreign, _COLUMN["external_changes"]] += 1
        rows[foreign, _COLUMN["foreign_last_step"]] = step
        gamma_beta = differs(reading.gamma_beta, last.gamma_beta)
        learned = np.zeros(self.layers, bool)
        learned[self._gamma_beta_layers[gamma_beta]] = True
        rows[learned, _COLUMN["gamma_beta_changes"]] += 1

        widths = np.diff(self._offsets)
        last_sums = self._sums_of(last)
        mean_sum, variance_sum = self._sums_of(reading)
        smallest = np.minimum.reduceat(reading.variance, heads)
        # a value that is not finite makes its sum so
        valid = np.isfinite(mean_sum) & np.isfinite(variance_sum) & (smallest >= 0)
        _first(rows, ~valid, "invalid_first_step", step)
        rows[:, _COLUMN["moving_mean"]] = mean_sum / widths
        rows[:, _COLUMN["moving_variance"]] = variance_sum / widths
        rows[:, _COLUMN["variance_min"]] = smallest

        before = rows[:, _GAPS].copy()
        usable = (trained > 0) & (self._momentum < 1) & (self._momentum >= 0)
        kept = np.where(usable, self._momentum**trained, np.nan)
        weight = widths * (1 - kept)
        rows[:, _COLUMN["batch_mean"]] = (mean_sum - kept * last_sums[0]) / weight
        rows[:, _COLUMN["batch_variance"]] = (variance_sum - kept * last_sums[1]) / weight
        self._ranks(reading, last, kept)
        idle = (trained == 0) & ~changed  # the newest batch seen still is what it was
        rows[np.ix_(idle, _GAPS)] = before[idle]

    def _note_events(self, reading: Reading, last: Reading, changes: Changes, step: float) -> None:
        rows = self._rare.update(reading, last, changes, step)
        known = self._event_rows
        if known is None and self._rare.is_usual(reading):
            return
        if known is None or not np.array_equal(known, rows, equal_nan=True):
            self._event_rows = rows.copy()

    def _sums_of(self, reading: Reading) -> tuple[Floats, Floats]:
        """Sums of means and variances over the channels of each layer, float64 [layers]."""
        known = self._sums
        if known is None or known[0] is not reading:
            heads = self._offsets[:-1]
            known = (
                reading,
                np.add.reduceat(reading.mean, heads, dtype=np.float64),
                np.add.reduceat(reading.variance, heads, dtype=np.float64),
            )
            self._sums = known
        return known[1], known[2]

    def _ranks(self, reading: Reading, last: Reading, kept: Floats) -> None:
        """Medians of the gaps, and the upper quartile of the updates the start needs."""
        chosen = self._chosen
        owner, epsilon = self._owner[chosen], self._epsilon[chosen]
        mean = reading.mean[chosen].astype(float)
        variance = reading.variance[chosen].astype(float)
        share = kept[owner]
        last_mean = last.mean[chosen].astype(float)
        last_variance = last.variance[chosen].astype(float)
        batch_mean = (mean - share * last_mean) / (1 - share)
        batch_variance = (variance - share * last_variance) / (1 - share)
        spread = np.maximum(batch_variance, 0) + epsilon
        values = [
            np.abs(mean - batch_mean) / np.sqrt(spread),
            np.abs(np.log((variance + epsilon) / spread)),
        ]
        if self._start_is_due(reading):
            values.append(self._start_updates(mean, variance, reading))
        ranked_values = np.stack(values)
        columns = [_COLUMN[name] for name in ("mean_gap", "variance_gap", "start_updates")]
        for layers, index in self._groups:
            channels = index.shape[1]
            upper = int(np.ceil((1 - CHANNEL_SHARE) * channels)) - 1
            low, high = (channels - 1) // 2, channels // 2
            ranked = np.partition(ranked_values[:, index], (low, high, upper), axis=2)
            self._rows[layers, columns[0]] = (ranked[0, :, low] + ranked[0, :, high]) / 2
            self._rows[layers, columns[1]] = (ranked[1, :, low] + ranked[1, :, high]) / 2
            if len(values) == len(columns):
                self._rows[layers, columns[2]] = ranked[2, :, upper]

    def _start_is_due(self, reading: Reading) -> bool:
        """Whether enough updates were made for the influence of the start to have changed."""
        updates = float(reading.executions[:, :_CONTEXTS].sum())
        if updates - self._start_seen < START_GROWTH * self._start_seen:
            return False
        self._start_seen = updates
        return True

    def _start_updates(self, mean: Floats, variance: Floats, reading: Reading) -> Floats:
        """For each ranked channel, the updates after which its start no longer matters.

        With n updates since the start, `(moving - m^n start) / (1 - m^n)` is the estimate
        without it. N is the smallest count at which `m^N |start - estimate|` moves the variance
        (with epsilon, as the layer uses it) by less than VARIANCE_FACTOR, and the mean by less
        than MEAN_SHARE standard deviations.
        """
        chosen, momentum = self._chosen, self._momentum
        owner, epsilon = self._owner[chosen], self._epsilon[chosen]
        updates = reading.executions[:, :_CONTEXTS].sum(axis=1) - self._updates_before
        usable = self._from_initializer & (updates > 0) & (momentum < 1) & (momentum > 0)
        share = np.where(usable, momentum**updates, np.nan)[owner]
        log_momentum = np.log(np.where(usable, momentum, np.nan))[owner]
        start_mean, start_variance = self._start_mean[chosen], self._start_variance[chosen]
        estimate = (mean - share * start_mean) / (1 - share)
        spread = np.maximum((variance - share * start_variance) / (1 - share), 0) + epsilon
        excess = start_variance + epsilon - spread
        allowed = np.where(excess > 0, VARIANCE_FACTOR - 1, 1 - 1 / VARIANCE_FACTOR) * spread
        # The larger of both ratios needs the more updates: one logarithm serves both.
        needed = np.maximum(
            np.abs(excess) / allowed, np.abs(start_mean - estimate) / (MEAN_SHARE * np.sqrt(spread))
        )
        updates_needed: Floats = np.maximum(-np.log(needed) / log_momentum, 0)
        return updates_needed

    def _model_row(self, reading: Reading, last: Reading, moment: Moment) -> None:
        row, step = self._model, float(moment.step)
        row[_MODEL["process_started"]] = moment.process_started
        if step != self._last_step:  # a second record of a step stands for the first one
            row[_MODEL["record"]] += 1
        self._last_step = step
        row[_MODEL["phase"]] = moment.phase
        row[_MODEL["iterations"]] = reading.iterations
        row[_MODEL["learning_rate"]] = reading.learning_rate
        if bool(differs(reading.weights, last.weights).any()):
            row[_MODEL["weight_changes"]] += 1
            if np.isnan(row[_MODEL["weight_first_step"]]):
                row[_MODEL["weight_first_step"]] = step
            row[_MODEL["weight_last_step"]] = step
        if reading.batches is not None and reading.batches.any():
            seen = np.flatnonzero(reading.batches)
            row[_MODEL["batch_smallest"]] = seen[0]
            row[_MODEL["batch_frequent"]] = int(np.argmax(reading.batches))
            before = self._batches_before
            new = seen if before is None else np.flatnonzero(reading.batches - before)
            if len(new):
                row[_MODEL["batch_last"]] = new[-1]
            self._batches_before = reading.batches
        row[_MODEL["evaluations"]] = moment.evaluations
        row[_MODEL["predictions"]] = moment.predictions
        row[_MODEL["record_reason"]] = RECORD_REASONS.index(moment.reason)
        finite = np.isfinite(reading.weights).all() and np.isfinite(reading.gamma_beta).all()
        row[_MODEL["weights_finite"]] = float(finite)


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

"""The `events` record of a model: what layers seldom do, kept up from reading to reading.

Most programs never do any of it, so that nothing is written; what is written is cumulative.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.measure.reading import LayerStart, Reading
from tb_bnplugin.schema.columns import (
    CONTEXTS,
    EVENT_COLUMNS,
    EVENT_COUNTERS,
    EXECUTION_COLUMNS,
)
from tb_bnplugin.schema.thresholds import STALLED_CHANNELS_SHARE

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_COLUMN: Final = {name: index for index, name in enumerate(EVENT_COLUMNS)}
_STEPS: Final = [_COLUMN[name] for name in EVENT_COLUMNS if name.endswith("_step")]
_COUNTERS: Final = [_COLUMN[name] for name in EVENT_COUNTERS]
_COUNTED: Final = slice(len(EXECUTION_COLUMNS), len(EXECUTION_COLUMNS) + len(EVENT_COUNTERS))
_OUTSIDE: Final = [CONTEXTS.index(name) for name in ("tape", "no_tape", "unknown")]
_INFERENCE: Final = slice(len(CONTEXTS), 2 * len(CONTEXTS))
_EVALUATED: Final = [CONTEXTS.index(name) for name in ("evaluate", "predict")]
_FROZEN: Final = len(EXECUTION_COLUMNS) + EVENT_COUNTERS.index("frozen_executions")
# Frozen executions say nothing by themselves.
_UNUSUAL: Final = [
    _COLUMN[name]
    for name in EVENT_COLUMNS
    if name not in ("frozen_executions", "trainable_as_set") and not name.endswith("_step")
]
# Steps that tell of something unusual of which nothing is counted yet.
_NOTED: Final = [_COLUMN["evaluated_first_step"], _COLUMN["put_back_step"]]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The differences between two readings."""

    trained: Floats  # [layers] executions in training mode
    mean: Mask  # [channels] differs in any bit
    variance: Mask  # [channels]
    heads: npt.NDArray[np.int64]  # [layers] where the channels of each layer begin

    @functools.cached_property
    def layers_mean(self) -> Mask:
        """[layers] those of which any mean differs."""
        return np.logical_or.reduceat(self.mean, self.heads)

    @functools.cached_property
    def layers_variance(self) -> Mask:
        """[layers] those of which any variance differs."""
        return np.logical_or.reduceat(self.variance, self.heads)


class _Stretches:
    """Executions with and against `trainable` as set, by stretches in which it stayed the same.

    An example, a layer set to be frozen at step 10 that goes on training:

        step                        5     10     15     20
        trainable, as set           1      0      0      0
        executions in training      5      5      5      5
        counted as ignored          0      0      5     10   (step 10: not known which came first)
    """

    _UNKNOWN_AT_FIRST: Final = ("_begins", "_first_before")

    def __init__(self, layers: int) -> None:
        self._ignored = np.zeros(layers)
        self._respected = np.zeros(layers)
        self._begins = np.full(layers, np.nan)
        self._ignored_before = np.zeros(layers)  # in stretches that ended
        self._frozen = np.zeros(layers, bool)  # in this stretch, those against it were frozen
        self._frozen_before = np.zeros(layers)
        self._first_before = np.full(layers, np.nan)

    def grow(self, layers: int) -> None:
        """Add layers, of which nothing is known yet."""
        for name, value in vars(self).items():
            first = np.nan if name in self._UNKNOWN_AT_FIRST else 0
            setattr(self, name, np.append(value, np.full(layers - len(value), first, value.dtype)))

    def end(self, switched: Mask, *, begins: float) -> None:
        """End the stretches of some layers here, and begin new ones."""
        self._first_before = np.where(switched, self.first_step(), self._first_before)
        self._frozen_before = np.where(switched, self.ignored_frozen(), self._frozen_before)
        self._ignored_before = np.where(switched, self.ignored(), self._ignored_before)
        self._ignored[switched] = 0
        self._respected[switched] = 0
        self._begins[switched] = begins

    def count(self, ignored: Floats, respected: Floats, trainable: Mask, step: float) -> None:
        """Add executions, counted since the record before. `trainable`: as set."""
        self._frozen = trainable
        self._ignored += ignored
        self._respected += respected
        self._begins[(ignored > 0) & np.isnan(self._begins)] = step

    def ignored(self) -> Floats:
        """Executions [layers] against it, in stretches in which none went with it."""
        now = self._ignored * (self._respected == 0)
        return np.asarray(self._ignored_before + now, np.float64)

    def ignored_frozen(self) -> Floats:
        """Those of `ignored` [layers] that were frozen though set to be trainable."""
        now = self._ignored * (self._respected == 0) * self._frozen
        return np.asarray(self._frozen_before + now, np.float64)

    def first_step(self) -> Floats:
        """Step [layers] at which the first such stretch began."""
        now = (self._ignored > 0) & (self._respected == 0)
        return np.where(np.isnan(self._first_before) & now, self._begins, self._first_before)


class EventTable:
    """The event columns of all layers of a model."""

    def __init__(self) -> None:
        self._rows = np.zeros((0, len(EVENT_COLUMNS)))
        self._momentum = np.zeros(0)
        self._low_precision = np.zeros(0, bool)
        self._set: Mask | None = None  # [layers] `trainable` as set, at the last update
        self._stretch = _Stretches(0)
        self._inference = np.zeros(0)  # [layers] executions when the statistics were put back
        self._written: Floats | None = None

    @property
    def record(self) -> Floats | None:
        """The newest `events` record, float64 [layers, columns]: a new array when it changed.

        None while nothing unusual has happened.
        """
        return self._written

    def append(self, starts: Sequence[LayerStart]) -> None:
        """Add layers behind the known ones."""
        rows = np.zeros((len(starts), len(EVENT_COLUMNS)))
        rows[:, _STEPS] = np.nan
        self._rows = np.concatenate([self._rows, rows])
        self._stretch.grow(len(self._rows))
        self._inference = np.append(self._inference, np.zeros(len(starts)))
        self._momentum = np.append(self._momentum, [start.momentum for start in starts])
        self._low_precision = np.append(
            self._low_precision, [start.low_precision for start in starts]
        )

    def update(self, reading: Reading, last: Reading, changes: Changes, step: float) -> None:
        """Take a new reading.

        Args:
            reading: the new state.
            last: the one before.
            changes: what differs between them.
            step: of the record.
        """
        rows = self._rows
        rows[:, _COUNTERS] = reading.executions[:, _COUNTED]
        self._note_trainable(reading, last, step)
        evaluated = (reading.executions - last.executions)[:, _EVALUATED].sum(axis=1) > 0
        _first(rows, evaluated, "evaluated_first_step", step)
        self._note_changes(changes)
        moved = changes.layers_mean | changes.layers_variance
        self.note_put_back(reading, moved, changes.heads, step)
        if self._low_precision.any():
            self._note_stalls(reading, changes, step)
        self._set = reading.trainable_as_set
        if self._written is None and self._is_usual(reading):
            return
        if self._written is None or not np.array_equal(self._written, rows, equal_nan=True):
            self._written = rows.copy()

    def note_loop(self, uncounted: Mask, changed: Mask) -> None:
        """Count an evaluate or predict loop; the next update writes it.

        Args:
            uncounted: [layers] of which no execution was counted in it; others may come behind.
            changed: [layers] those whose statistics the loop changed.
        """
        self._rows[: len(uncounted), _COLUMN["uncounted_loops"]] += uncounted
        self._rows[: len(changed), _COLUMN["uncounted_loop_changes"]] += changed

    def note_replicas(self, columns: Mapping[str, Floats] | None, step: float) -> None:
        """Take the columns of replicas that are apart; the next update writes them."""
        if columns is None:
            return
        for name, values in columns.items():
            self._rows[:, _COLUMN[name]] = values
        far = np.any(list(columns.values()), axis=0)
        _first(self._rows, far, "replica_gap_first_step", step)

    def _is_usual(self, reading: Reading) -> bool:
        """Nothing has to be written: all is as it mostly is."""
        return not (self._done().any() or (reading.trainable_as_set != reading.trainable).any())

    def signature(self) -> bytes:
        """Differs when a layer has done something for the first time, however often since."""
        return bytes(self._done().tobytes())

    def _done(self) -> Mask:
        """Which layers [layers, kinds] have done what is unusual."""
        noted = np.isfinite(self._rows[:, _NOTED])
        return np.concatenate([self._rows[:, _UNUSUAL] != 0, noted], axis=1)

    def _note_trainable(self, reading: Reading, last: Reading, step: float) -> None:
        rows, wanted, stretch = self._rows, reading.trainable_as_set, self._stretch
        new = reading.executions - last.executions
        trained = new[:, _OUTSIDE].sum(axis=1)
        frozen = new[:, _FROZEN]
        before = wanted.copy()
        if self._set is not None:
            before[: len(self._set)] = self._set
        switched = wanted != before
        rows[:, _COLUMN["trainable_as_set"]] = wanted
        rows[switched, _COLUMN["trainable_as_set_step"]] = step
        stretch.end(switched, begins=step)
        # of a stretch in which it was switched, nobody knows which executions came first
        ignored = np.where(wanted, frozen, trained) * ~switched
        respected = np.where(wanted, trained, frozen) * ~switched
        stretch.count(ignored, respected, wanted, step)
        rows[:, _COLUMN["trainable_ignored"]] = stretch.ignored()
        rows[:, _COLUMN["trainable_ignored_first_step"]] = stretch.first_step()
        rows[:, _COLUMN["trainable_ignored_frozen"]] = stretch.ignored_frozen()

    def _note_changes(self, changes: Changes) -> None:
        rows, mean, variance = self._rows, changes.layers_mean, changes.layers_variance
        updated = (changes.trained > 0) & (self._momentum != 1.0)
        rows[updated & mean & ~variance, _COLUMN["mean_only_records"]] += 1
        rows[updated & ~mean & variance, _COLUMN["variance_only_records"]] += 1
        rows[updated & ~mean & ~variance, _COLUMN["idle_records"]] += 1

    def note_put_back(
        self, reading: Reading, moved: Mask, heads: npt.NDArray[np.int64], step: float
    ) -> None:
        """Note layers whose statistics are 0 and 1 again, and count what they run so.

        Args:
            reading: the new state.
            moved: [layers] those whose statistics differ from an earlier state.
            heads: [layers] where the channels of each layer begin.
            step: of the record.
        """
        rows = self._rows
        inference = reading.executions[:, _INFERENCE].sum(axis=1)
        # seldom true of a layer that has moved: the other channels are looked at only then
        initial = moved & (reading.mean[heads] == 0) & (reading.variance[heads] == 1)
        if initial.any():
            channels = (reading.mean == 0) & (reading.variance == 1)
            initial &= np.logical_and.reduceat(channels, heads)
        back = initial & np.isnan(rows[:, _COLUMN["put_back_step"]])
        rows[back, _COLUMN["put_back_step"]] = step
        self._inference[back] = inference[back]
        rows[moved & ~initial, _COLUMN["put_back_step"]] = np.nan
        since = np.isfinite(rows[:, _COLUMN["put_back_step"]])
        rows[:, _COLUMN["put_back_inference"]] = np.where(since, inference - self._inference, 0)

    def _note_stalls(self, reading: Reading, changes: Changes, step: float) -> None:
        rows, heads = self._rows, changes.heads
        varies = reading.variance != 0  # a channel that is constant has nothing to follow
        # A mean near 0 has fine steps and goes on where a variance near 1 is rounded off.
        still = varies & ~(changes.mean & changes.variance)
        channels = np.add.reduceat(varies, heads, dtype=np.float64)
        share = np.add.reduceat(still, heads, dtype=np.float64) / np.maximum(channels, 1)
        stalled = (
            self._low_precision
            & (changes.trained > 0)
            & (self._momentum != 1.0)
            & (share > STALLED_CHANNELS_SHARE)
        )
        rows[:, _COLUMN["stalled_executions"]] += np.where(stalled, changes.trained, 0)
        _first(rows, stalled, "stalled_first_step", step)
        since = np.isfinite(rows[:, _COLUMN["stalled_first_step"]])
        rows[:, _COLUMN["low_precision_updates"]] += np.where(since, changes.trained, 0)


def _first(rows: Floats, where: Any, column: str, step: float) -> None:
    at = _COLUMN[column]
    rows[where & np.isnan(rows[:, at]), at] = step

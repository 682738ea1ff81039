"""The recorder of a watched model: hands over what was seen of it. One a model in a process."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from tb_bnplugin.keras.model.state_reader import StateReader
from tb_bnplugin.keras.watched_model import WatchedModel
from tb_bnplugin.measure.reading import Moment, Observation, Reading
from tb_bnplugin.schema.records import Record
from tb_bnplugin.training.live import LiveHistory
from tb_bnplugin.training.observer import ModelObserver
from tb_bnplugin.training.publisher import Extra, Publisher, Target
from tb_bnplugin.training.queue import work_queue
from tb_bnplugin.training.run import Run

_ATTRIBUTE: Final = "_tb_bnplugin_watch"

_open: weakref.WeakSet[Recorder] = weakref.WeakSet()


class Recorder(Publisher):
    """Records one model, for the callback, the watch and the ops alike."""

    def __init__(self, model: Any, *, expect: Sequence[str] = ()) -> None:
        name = str(getattr(model, "name", "model"))
        super().__init__(name)
        self.observer = ModelObserver(model, self.guard, name=name, expect=expect)
        model.__dict__[_ATTRIBUTE] = self
        _open.add(self)

    def __reduce__(self) -> Any:
        return (_nothing, ())  # a copy of the model is not watched

    def __deepcopy__(self, memo: Any) -> None:
        return None

    @property
    def name(self) -> str:
        """Name of the model in the log."""
        return self.observer.name

    @property
    def watched(self) -> WatchedModel:
        """The model, its counted layers and their state."""
        return self.observer.watched

    @property
    def reference(self) -> weakref.ref[Any]:
        """A reference to the model that does not keep it."""
        return self.watched.reference

    @property
    def closed(self) -> bool:
        """The layers have their own `call` back."""
        return self.watched.closed

    @property
    def last_step(self) -> int:
        """Newest step at which the model was looked at."""
        return self.observer.last_step

    def close(self) -> None:
        """Give the layers their own `call` back; functions traced before go on counting."""
        self.watched.close()
        _open.discard(self)
        model = self.reference()
        if model is not None and model.__dict__.get(_ATTRIBUTE) is self:
            del model.__dict__[_ATTRIBUTE]

    def use(self, run: Run) -> None:
        """Record in this run: under a name of its own, with a history of its own."""
        self.observer.enter(run.unique_name(self.name, self), run.first_place)
        if self.run is not None and self.run is not run:
            work_queue().finish()  # what waits is of the run before
            self.live, self._held = LiveHistory(), {}
        self.run = run

    def begin_fit(self, step: int) -> None:
        """A fit begins; later records are compared with this moment."""
        self.observer.begin_fit(step)
        self.reader()

    def record(
        self,
        step: int,
        reason: str,
        target: Target | None,
        *,
        extras: Sequence[Extra] = (),
        wait: bool = True,
        judge: bool = True,
    ) -> bool:
        """Record the present state.

        Args:
            step: global train step.
            reason: one of RECORD_REASONS.
            target: where the records go; None: only into the history in process.
            extras: records of the same moment.
            wait: until they are written; otherwise that is done beside the next step.
            judge: let the listeners look for findings.

        Returns:
            True where records were written.
        """
        observed = self.observer.observe(step, reason)
        moment = self.observer.moment(step, reason)
        extras = [*extras, *_applied(self.watched, step)]
        if wait:
            return self.publish(observed, moment, target, extras, judge=judge)
        self.hand_over(observed, moment, target, extras, judge=judge)
        return True

    def attempt_record(self, step: int, reason: str, target: Target | None) -> bool:
        """Record the present state; what goes wrong is a warning, and the training goes on."""
        judge = reason != "on_demand"
        record = self.guard.attempt
        return bool(record("recording", lambda: self.record(step, reason, target, judge=judge)))

    def record_reading(
        self, step: int, reader: StateReader, reading: Reading, target: Target
    ) -> bool:
        """Record a reading made inside a traced function, where it still is of this model."""
        observed = self.observer.observe(step, "cadence", (reader, reading))
        moment = self.observer.moment(step, "cadence")
        return self.publish(observed, moment, target, _applied(self.watched, step))

    def add(
        self, extras: Sequence[Extra], step: int, target: Target | None, *, wait: bool = True
    ) -> bool:
        """Record losses, probes, an epoch or channels alone, with the documents they need."""
        observed = self.observer.describe(step)
        moment = self.observer.moment(step, "cadence")
        if wait:
            return self.publish(observed, moment, target, extras)
        self.hand_over(observed, moment, target, extras)
        return True

    def reader(self) -> StateReader:
        """The reader of the present layers."""
        reader, observed = self.observer.baseline()
        if observed is not None:
            self._take(observed, self.observer.moment(self.last_step, "phase"))
        return reader

    def channels(self) -> list[Extra]:
        """The per-channel vectors of this moment; [] where they cannot be read."""
        values = self.watched.channels(self.reader())
        return [] if values is None else [Extra(kind="channels", value=values)]

    def snapshot(self, step: int, reason: str) -> list[Record]:
        """Make the records of this moment and return them, written nowhere."""
        observed = self.observer.observe(step, reason)
        return self._take(observed, self.observer.moment(step, reason))

    def preview(self, step: int) -> list[Record]:
        """The records of this moment with all documents; what is recorded goes on as before."""
        observed = self.observer.observe(step, "on_demand")
        moment = self.observer.moment(step, "on_demand")
        self._take(replace(observed, reading=None), moment)  # what is seen once must not be lost
        with self._lock:
            records = copy.deepcopy(self._records)
        made = records.take(Observation(reading=observed.reading), moment)
        kinds = {record.metadata.kind for record in made}
        missing = {k: v for k, v in records.documents.items() if k not in kinds}
        return [*made, *(records.record(kind, value, moment) for kind, value in missing.items())]

    def _take(self, observed: Observation, moment: Moment) -> list[Record]:
        work_queue().finish()
        with self._lock:
            return self.guard.attempt("recording", self._records.take, observed, moment) or []


def open_recorders() -> list[Recorder]:
    """The recorders of this process that are not closed, of models that still exist."""
    return [recorder for recorder in _open if recorder.reference() is not None]


def recorder_of(model: Any) -> Recorder | None:
    """The recorder of this model, if it has one."""
    found = getattr(model, "__dict__", {}).get(_ATTRIBUTE)
    if isinstance(found, Recorder) and found.reference() is model:
        return found
    return None


def watch_model(
    model: Any, *, expect: Sequence[str] = (), all_traces: bool = True, source: bool = True
) -> Recorder:
    """The recorder of this model, begun now if it has none; see `want_all_traces`.

    `source`: False records no line of the program, whoever else watches the model.
    """
    found = recorder_of(model)
    if found is None:
        found = Recorder(model, expect=expect)
    elif expect:
        found.observer.expect_codes(expect)
    if not source:
        found.watched.lines.wanted = False
    if all_traces:
        found.watched.want_all_traces("watch", wanted=True)
    return found


def _applied(watched: WatchedModel, step: int) -> list[Extra]:
    """The records of what reached an optimizer and the regularizers, where it is time to look."""
    if not watched.gradients.is_due(step):
        return []
    found = {
        "optimizer": watched.gradients.applied(),
        "regularizers": watched.gradients.regularizers(),
    }
    return [
        Extra(kind="gradient", value=values, name=name)
        for name, values in found.items()
        if values is not None
    ]


def _nothing() -> None:
    return None

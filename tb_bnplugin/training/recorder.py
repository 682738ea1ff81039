"""The recorder of a watched model: looks at the model, and hands over what it saw."""

from __future__ import annotations

import copy
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tb_bnplugin.keras.model.state_reader import StateReader
from tb_bnplugin.keras.probe.run import ProbeResult, pack
from tb_bnplugin.keras.watched_model import WatchedModel
from tb_bnplugin.measure.reading import Moment, NewLayers, Observation, Reading
from tb_bnplugin.schema.columns import PROBE_COLUMNS
from tb_bnplugin.schema.facts import (
    Columns,
    LossFacts,
    ModelFacts,
    Phase,
    SwitchedOff,
)
from tb_bnplugin.schema.records import Record
from tb_bnplugin.training.live import LiveHistory
from tb_bnplugin.training.publisher import Extra, Publisher, Target
from tb_bnplugin.training.queue import work_queue
from tb_bnplugin.training.run import Run

PROCESS_STARTED: Final = time.time()
"""Wall time, seconds: tells the records of this process from those of one before a restart."""

_ATTRIBUTE: Final = "_tb_bnplugin_watch"

_open: weakref.WeakSet[Recorder] = weakref.WeakSet()


_NEVER: Final = object()


@dataclass
class _Description:
    """What the program says of a model, and what belongs to its record."""

    expect: tuple[str, ...]
    trained_by: str = "loop"
    probe_columns: tuple[str, ...] = PROBE_COLUMNS
    evaluations: int = 0
    predictions: int = 0
    fitted_with: Any = _NEVER  # the optimizer of the last fit
    known: tuple[Any, ...] | None = None  # what facts depend on, when they were last taken
    measured: dict[str, LossFacts] = field(default_factory=dict)  # losses of this phase


class Recorder(Publisher):
    """Records one model, for the callback, the watch and the ops alike."""

    def __init__(self, model: Any, *, expect: Sequence[str] = ()) -> None:
        self._name = str(getattr(model, "name", "model"))
        super().__init__(self._name)
        self.watched = WatchedModel(model, self.guard)
        self.last_step = 0
        self._about = _Description(expect=tuple(expect))
        self._phase: Phase | None = None
        self._new_layers: list[NewLayers] = []
        self._known_traces = -1
        model.__dict__[_ATTRIBUTE] = self
        _open.add(self)
        self._find_layers()

    def __reduce__(self) -> Any:
        return (_nothing, ())  # a copy of the model is not watched

    def __deepcopy__(self, memo: Any) -> None:
        return None

    @property
    def reference(self) -> weakref.ref[Any]:
        """A reference to the model that does not keep it."""
        return self.watched.reference

    @property
    def closed(self) -> bool:
        """The layers have their own `call` back."""
        return self.watched.closed

    def close(self) -> None:
        """Give the layers their own `call` back; functions traced before go on counting."""
        self.watched.close()
        _open.discard(self)
        model = self.reference()
        if model is not None and model.__dict__.get(_ATTRIBUTE) is self:
            del model.__dict__[_ATTRIBUTE]

    @property
    def name(self) -> str:
        """Name of the model in the log."""
        return self._name

    def trained_by_fit(self) -> None:
        """Note that `fit` trains the model, not a loop of the program's."""
        self._about.trained_by = "fit"

    def expect_codes(self, codes: Sequence[str]) -> None:
        """Add codes of rules whose findings are meant here."""
        self._about.expect = tuple(dict.fromkeys((*self._about.expect, *codes)))

    def use(self, run: Run) -> None:
        """Record in this run: under a name of its own, with a history of its own."""
        self._name = run.unique_name(self._name, self)
        if self.run is not None and self.run is not run:
            self.live, self._held = LiveHistory(), {}
        self.run = run

    def begin_fit(self, step: int) -> None:
        """A fit begins, with its phase; later records are compared with this moment."""
        about = self._about
        self.watched.want_all_traces("fit", wanted=True)
        self.watched.begin_fit()
        optimizer = getattr(self.watched.model, "optimizer", None)
        compiled = about.fitted_with is not _NEVER and optimizer is not about.fitted_with
        about.fitted_with = optimizer
        self.begin_phase(step, "compile" if compiled else "fit")
        self.reader()  # what later records are compared with

    def end_fit(self) -> None:
        """The fit is over, whatever ended it."""
        self.watched.want_all_traces("fit", wanted=False)
        self.watched.end_fit()

    def begin_phase(self, step: int, reason: str) -> None:
        """A new stretch of training begins, with its own losses and metrics."""
        number = 1 if self._phase is None else self._phase.number + 1
        self._about.measured = {}
        self._phase = Phase(
            number=number,
            step=step,
            wall_time=time.time(),
            reason=reason,
            process_started=PROCESS_STARTED,
        )

    def end_loop(self, loop: str) -> None:
        """Count an `evaluate` or a `predict` that ended."""
        if loop == "evaluate":
            self._about.evaluations += 1
        else:
            self._about.predictions += 1

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
        observed = self._observe(step, reason)
        return self._hand_over(observed, step, reason, target, extras, wait=wait, judge=judge)

    def attempt_record(self, step: int, reason: str, target: Target | None) -> bool:
        """Record the present state; what goes wrong is a warning, and the training goes on."""
        judge = reason != "on_demand"
        return bool(
            self.guard.attempt("recording", lambda: self.record(step, reason, target, judge=judge))
        )

    def record_reading(
        self, step: int, reader: StateReader, reading: Reading, target: Target
    ) -> bool:
        """Record a reading made inside a traced function, where it still is of this model."""
        observed = self._observe(step, "cadence", (reader, reading))
        return self._hand_over(observed, step, "cadence", target, ())

    def add(
        self, extras: Sequence[Extra], step: int, target: Target | None, *, wait: bool = True
    ) -> bool:
        """Record losses, probes, an epoch or channels alone, with the documents they need."""
        observed = replace(self._describe(step), new_layers=self._take_new_layers())
        return self._hand_over(observed, step, "cadence", target, extras, wait=wait)

    def channels(self) -> list[Extra]:
        """The per-channel vectors of this moment; [] where they cannot be read."""
        values = self.watched.channels(self.reader())
        return [] if values is None else [Extra(kind="channels", value=values)]

    def probe(self, result: ProbeResult) -> Extra:
        """The record of a probe. Metrics that are new get columns of their own."""
        known = self._about.probe_columns
        self._about.probe_columns = tuple(dict.fromkeys((*known, *result.moving)))
        return Extra(kind="probe", value=pack(result, self._about.probe_columns))

    def loss(self, vector: Any, facts: LossFacts) -> Extra:
        """The record of a measured loss. Its facts stand in the phase, as first measured."""
        known = self._about.measured.get(facts.name)
        if known is None or (known.loss_class, known.keras_class) != (
            facts.loss_class,
            facts.keras_class,
        ):
            self._about.measured[facts.name] = facts
        return Extra(kind="loss", value=vector, name=facts.name)

    def snapshot(self, step: int, reason: str) -> list[Record]:
        """Make the records of this moment and return them, written nowhere."""
        observed = self._observe(step, reason)
        return self._take(observed, self._moment(step, reason))

    def preview(self, step: int) -> list[Record]:
        """The records of this moment with all documents; what is recorded goes on as before."""
        observed = self._observe(step, "on_demand")
        moment = self._moment(step, "on_demand")
        self._take(replace(observed, reading=None), moment)  # what is seen once must not be lost
        with self._lock:
            records = copy.deepcopy(self._records)
        made = records.take(Observation(reading=observed.reading), moment)
        kinds = {record.metadata.kind for record in made}
        missing = {k: v for k, v in records.documents.items() if k not in kinds}
        return [*made, *(records.record(kind, value, moment) for kind, value in missing.items())]

    def reader(self) -> StateReader:
        """The reader of the present layers."""
        self._find_layers()
        reader, baseline = self.watched.reader(self.last_step)
        if baseline is not None:
            observed = Observation(new_layers=self._take_new_layers(), baseline=baseline)
            self._only_note(observed, self.last_step)
        return reader

    def _hand_over(
        self,
        observed: Observation,
        step: int,
        reason: str,
        target: Target | None,
        extras: Sequence[Extra],
        *,
        wait: bool = True,
        judge: bool = True,
    ) -> bool:
        moment = self._moment(step, reason)
        if wait:
            return self.publish(observed, moment, target, extras, judge=judge)
        self.hand_over(observed, moment, target, extras, judge=judge)
        return True

    def _only_note(self, observed: Observation, step: int) -> None:
        """Let the table take what later readings are compared with; nothing is recorded."""
        self._take(observed, self._moment(step, "phase"))

    def _take(self, observed: Observation, moment: Moment) -> list[Record]:
        work_queue().finish()
        with self._lock:
            return self.guard.attempt("recording", self._records.take, observed, moment) or []

    def _observe(
        self, step: int, reason: str, read: tuple[StateReader, Reading] | None = None
    ) -> Observation:
        if self._phase is None:
            self.begin_phase(step, "watch")
        self.last_step = max(step, self.last_step)
        self._find_layers()
        reader, baseline = self.watched.reader(self.last_step)
        if read is not None and self.watched.is_current(read[0]):
            reading = read[1]
        else:  # layers came, or training was set up anew, since the function was traced
            reading = self.watched.read(reader)
        weights = self.watched.look_for_unchanged_weights(step, reason)
        described = self._describe(step, changed=weights)
        return replace(
            described,
            reading=reading,
            new_layers=self._take_new_layers(),
            baseline=baseline,
        )

    def _find_layers(self) -> None:
        new = self.watched.find_layers()
        if new is not None:
            self._new_layers.append(new)

    def _take_new_layers(self) -> NewLayers | None:
        """The layers that the table does not have yet."""
        new, self._new_layers = self._new_layers, []
        return NewLayers.joined(new) if new else None

    def _describe(self, step: int, *, changed: bool = False) -> Observation:
        """The documents that may have changed."""
        if self._phase is None:
            self.begin_phase(step, "watch")
        traces = self.watched.traces()
        calls = None
        if traces != self._known_traces:
            self._known_traces = traces
            calls = self.watched.calls(self._name, step)
        about = self._about
        known = (
            self._name,
            about.expect,
            about.trained_by,
            about.probe_columns,
            tuple(about.measured.items()),
            self._phase,
            len(self._new_layers),
            len(self.guard.failures),
        )
        if calls is None and not changed and not self._new_layers and known == about.known:
            return Observation()
        about.known = known
        return Observation(calls=calls, facts=self._facts(), phase=self._described_phase())

    def _facts(self) -> ModelFacts:
        """The static facts of the model as it is now."""
        about = self._about
        return ModelFacts(
            name=self._name,
            **self.watched.facts(),
            trained_by=about.trained_by,
            expect=about.expect,
            process_started=PROCESS_STARTED,
            columns=Columns(probe=about.probe_columns),
            switched_off=tuple(
                SwitchedOff(part=part, reason=reason)
                for part, reason in self.guard.failures.items()
            ),
        )

    def _described_phase(self) -> Phase | None:
        if self._phase is None:
            return None
        return replace(
            self._phase,
            losses=self.watched.losses(),
            metrics=self.watched.metrics(),
            measured_losses=tuple(self._about.measured.values()),
        )

    def _moment(self, step: int, reason: str) -> Moment:
        return Moment(
            step=step,
            reason=reason,
            evaluations=self._about.evaluations,
            predictions=self._about.predictions,
            process_started=PROCESS_STARTED,
            wall_time=time.time(),
        )


def open_recorders() -> list[Recorder]:
    """The recorders of this process that are not closed, of models that still exist."""
    return [recorder for recorder in _open if recorder.reference() is not None]


def recorder_of(model: Any) -> Recorder | None:
    """The recorder of this model, if it has one."""
    found = getattr(model, "__dict__", {}).get(_ATTRIBUTE)
    if isinstance(found, Recorder) and found.reference() is model:
        return found
    return None


def watch_model(model: Any, *, expect: Sequence[str] = (), all_traces: bool = True) -> Recorder:
    """The recorder of this model, begun now if it has none; see `want_all_traces`."""
    found = recorder_of(model)
    if found is None:
        found = Recorder(model, expect=expect)
    elif expect:
        found.expect_codes(expect)
    if all_traces:
        found.watched.want_all_traces("watch", wanted=True)
    return found


def _nothing() -> None:
    return None

"""One watched model: its counters, its table, its static facts, and the records made of them."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.calls import counting
from tb_bnplugin.keras.calls.watched_layer import WatchedLayer
from tb_bnplugin.keras.flavour import flavour_of
from tb_bnplugin.keras.model import describe
from tb_bnplugin.keras.model.layers import batch_norm_layers, is_batch_norm
from tb_bnplugin.keras.model.state_reader import StateReader
from tb_bnplugin.keras.model.topology import Topology, describe_or_warn
from tb_bnplugin.keras.model.unchanged_weights import UnchangedWeights
from tb_bnplugin.keras.variables import local
from tb_bnplugin.measure.layer_table import Floats, Table
from tb_bnplugin.measure.reading import Moment, Reading
from tb_bnplugin.schema.columns import CONTEXTS
from tb_bnplugin.schema.facts import (
    Call,
    LossFacts,
    MetricFacts,
    ModelFacts,
    Phase,
    encode_calls,
    encode_model,
)
from tb_bnplugin.schema.records import Metadata, Record

PROCESS_STARTED: Final = time.time()
"""Wall time, seconds: tells the records of this process from those of one before a restart."""

_ATTRIBUTE: Final = "_tb_bnplugin_watch"


_open: weakref.WeakSet[WatchedModel] = weakref.WeakSet()


class WatchedModel:
    """Counts the modes of a model's batch normalization layers, and makes its records."""

    def __init__(self, model: Any, *, expect: Sequence[str] = ()) -> None:
        self.flavour = flavour_of(model)
        self._model = weakref.ref(model)
        self.name = str(model.name)
        self.expect = tuple(expect)
        self.trained_by = "loop"
        self.replicas = int(_strategy(model).num_replicas_in_sync)
        self.phases: list[Phase] = []
        self.evaluations = 0
        self.predictions = 0
        self.last_step = 0
        self.listeners: list[Callable[[Sequence[Record]], None]] = []
        self.afterwards: list[Callable[[], None]] = []  # may raise what is the user's
        self.losses: Callable[[], tuple[LossFacts, ...]] = tuple
        self.metrics: Callable[[], tuple[MetricFacts, ...]] = tuple
        self._found: dict[int, WatchedLayer] = {}  # every layer found, by id, in the order found
        self._seen_calls: int | None = None
        self._tracked: list[int] = []  # ids of all layers at the last look
        self._complete = False  # whether all of them were built then
        self._rows: list[WatchedLayer] = []  # those that are built, in the order of the table
        self._table = Table()
        self._reader: StateReader | None = None
        self._optimizer: Any = None  # of which the reader reads
        self._topology: Topology | None = None
        self._model_document = b""
        self._calls_document = b""
        self._known_calls = -1
        self._stale = True
        self._rare: Floats | None = None  # as it was last written
        self._reached = UnchangedWeights()
        self.trainable_replaced: dict[int, bool] = {}  # see recording.trainable
        self._wanting: set[str] = set()  # who wants all traces counted, not Keras' own alone
        self.observer: Any = None  # of compiled losses and metrics, where `fit` trains
        self.fitted_with: Any = None  # the optimizer of the last fit
        self.closed = False
        model.__dict__[_ATTRIBUTE] = self
        _open.add(self)
        self.rescan()

    def __reduce__(self) -> Any:
        return (_nothing, ())  # a copy of the model is not watched

    def __deepcopy__(self, memo: Any) -> None:
        return None

    @property
    def reference(self) -> weakref.ref[Any]:
        """A reference to the watched model that does not keep it."""
        return self._model

    @property
    def model(self) -> Any:
        """The watched model; raises when it is gone."""
        model = self._model()
        if model is None:
            raise ReferenceError(f"the watched model {self.name!r} does not exist any more")
        return model

    def close(self) -> None:
        """Gives the layers their own `call` back; functions traced before go on counting."""
        if self.closed:
            return
        self.closed = True
        _open.discard(self)
        for found in self._found.values():
            self._tell_wanted(found.counter)
            counting.detach(found.layer)
        model = self._model()
        if model is not None and model.__dict__.get(_ATTRIBUTE) is self:
            del model.__dict__[_ATTRIBUTE]

    def want_all_traces(self, who: str, *, wanted: bool) -> None:
        """Counts in functions of the user's too, as long as a `watch` or a `fit` wants that.

        A function that counts cannot be frozen into constants, as exporters do; after a `fit`,
        what is traced outside of Keras' own steps is left as it is.
        """
        (self._wanting.add if wanted else self._wanting.discard)(who)
        for found in self._found.values():
            self._tell_wanted(found.counter)

    def _tell_wanted(self, counter: counting.LayerCounter) -> None:
        wanted = self._wanting and not self.closed
        (counter.wanted_by.add if wanted else counter.wanted_by.discard)(id(self))

    def rename(self, name: str) -> None:
        """Takes another name: the run's log holds a model of this one already."""
        self.name = name
        self._stale = True

    def publish(self, records: Sequence[Record]) -> None:
        """Tells who listens in this process of records just made."""
        for listener in self.listeners:
            listener(records)

    def announce(self) -> None:
        """Lets those act who wait for a record to have been made and written."""
        for act in self.afterwards:
            act()

    def begin_phase(self, step: int, reason: str) -> None:
        """A new stretch of training begins, maybe with another optimizer: fit, compile."""
        self.add_phase(step, reason)
        self._reader = None

    def add_phase(self, step: int, reason: str) -> None:
        """Marks a new stretch of training that is read as the one before."""
        self.phases.append(Phase(step=step, wall_time=time.time(), reason=reason))
        self._stale = True

    def is_current(self, reader: StateReader) -> bool:
        """Whether `reader` reads what the table holds now."""
        return reader is self.reader()

    def rescan(self) -> None:
        """Finds layers that came since, and takes those that are built by now into the table."""
        calls = counting.traced_calls()
        if calls is not None and calls == self._seen_calls and self._complete:
            return
        self._seen_calls = calls
        model = self.model
        layers = list(model._flatten_layers())
        tracked = [id(layer) for layer in layers]
        if tracked == self._tracked and self._complete:
            return
        self._tracked = tracked
        strategy = _strategy(model)
        for path, layer in batch_norm_layers(model):
            if id(layer) not in self._found:
                built = getattr(layer, "moving_mean", None) is not None
                counter = counting.attach(layer, strategy)
                self._tell_wanted(counter)
                if not self._found:
                    counter.count_batches()
                self._found[id(layer)] = WatchedLayer(
                    path=path, layer=layer, counter=counter, built_before=built
                )
        new = [
            found
            for found in self._found.values()
            if found.start is None
            and getattr(found.layer, "moving_mean", None) is not None
            and is_batch_norm(found.layer)
        ]
        if new:
            self._append(new)
        # Until all are built, any of them may turn out to be one.
        self._complete = all(getattr(layer, "built", True) for layer in layers)

    def _append(self, new: Sequence[WatchedLayer]) -> None:
        means, variances = [], []
        for found in new:
            with tf.init_scope():
                executions = np.asarray(local(found.counter.executions))
                updates = float(executions[: len(CONTEXTS)].sum())
                found.start, mean, variance = describe.layer_start(
                    found.layer, updates, built_while_watched=not found.built_before
                )
            means.append(mean)
            variances.append(variance)
        self._rows.extend(new)
        starts = [found.start for found in new if found.start is not None]
        self._table.append(starts, np.concatenate(means), np.concatenate(variances))
        self._reader = None
        self._topology = None
        self._stale = True

    def reader(self) -> StateReader:
        """The reader of the present layers."""
        optimizer = getattr(self.model, "optimizer", None)
        if self._reader is None or self._optimizer is not optimizer:
            self._optimizer = optimizer  # a loop may compile anew
            with tf.init_scope():
                rows = self._rows
                reader = StateReader(
                    self.model,
                    [row.layer for row in rows],
                    [row.counter for row in rows],
                    self.trainable_replaced,
                )
                self._table.begin(reader.read(), reader.gamma_beta_layers)
            if not (reader.watches_weights or self.model.built):
                return reader  # not kept: the other weights are still to come
            self._reader = reader
            with tf.init_scope():
                self._reached.begin(self.model, self.last_step)
        return self._reader

    def traces(self) -> int:
        """How many ways of calling a layer have been seen: grows with each new trace."""
        return sum(len(found.counter.seen) for found in self._found.values())

    def news(self) -> tuple[Any, ...]:
        """Differs from the time before when something new was recorded, which rules may judge."""
        return (self.traces(), len(self.phases), self._table.news())

    def snapshot(self, step: int, reason: str) -> list[Record]:
        """The records of this moment: the table, and each document that changed."""
        self.rescan()
        return self.records(self.reader().read(), step, reason)

    def records(self, reading: Reading, step: int, reason: str) -> list[Record]:
        """As `snapshot`, from a reading made before (inside a traced function)."""
        now = time.time()
        if not self.phases:
            self.add_phase(step, "watch")
        self.last_step = max(step, self.last_step)
        table = self._table.update(
            reading,
            Moment(
                step=step,
                phase=len(self.phases),
                reason=reason,
                evaluations=self.evaluations,
                predictions=self.predictions,
                process_started=PROCESS_STARTED,
            ),
        )
        self._note_external(reading)
        self._stale |= self._reached.look(step, reason)
        made = [self._record("layers", table.copy(), step, now)]
        if self._table.rare is not self._rare:
            self._rare = self._table.rare
            made += self._events_record(step, now)
        made.extend(self._documents(step, now))
        return made

    def documents(self, step: int) -> list[Record]:
        """What a log must hold of the model whenever it holds anything, as it is now.

        Of each kind, the value is the same object until it changes.
        """
        now = time.time()
        if self._stale or self._known_calls < 0:
            self._documents(step, now)  # no record brought them up to date
        return [
            self._record("model", self._model_document, step, now),
            self._record("calls", self._calls_document, step, now),
            *self._events_record(step, now),
        ]

    def _events_record(self, step: int, now: float) -> list[Record]:
        return [] if self._rare is None else [self._record("events", self._rare, step, now)]

    def channels(self, step: int) -> Record:
        """The per-channel vectors of this moment."""
        return self._record("channels", self.reader().channels(), step, time.time())

    def _documents(self, step: int, now: float) -> list[Record]:
        made = []
        traces = self.traces()
        if traces != self._known_calls:
            self._known_calls = traces
            self._stale = True
            self._calls_document = encode_calls(self._calls(step))
            made.append(self._record("calls", self._calls_document, step, now))
        if self._stale:
            self._stale = False
            document = encode_model(self.facts())
            if document != self._model_document:
                self._model_document = document
                made.append(self._record("model", document, step, now))
        return made

    def _record(
        self, kind: Any, value: Floats | np.ndarray[Any, Any] | bytes, step: int, now: float
    ) -> Record:
        metadata = Metadata(kind=kind, model=self.name)
        return Record(metadata=metadata, step=step, wall_time=now, value=value)

    def _note_external(self, reading: Reading) -> None:
        """A layer whose statistics were written by another hand starts from those."""
        for index in self._table.newly_external():
            row = self._rows[index]
            if row.start is None or not row.start.from_initializer:
                continue
            updates = float(reading.executions[index, : len(CONTEXTS)].sum())
            row.start = replace(row.start, from_initializer=False, updates_before=updates)
            self._table.restart(index, row.start)
            self._stale = True

    def _calls(self, step: int) -> list[Call]:
        names = {id(self.model): self.name, **{id(row.layer): row.path for row in self._rows}}
        return [
            call for index, row in enumerate(self._rows) for call in row.calls(index, names, step)
        ]

    def facts(self) -> ModelFacts:
        """The static facts of the model as it is now."""
        model = self.model
        if self._topology is None:
            self._topology = describe_or_warn(model)
        topology = self._topology
        layers = [
            describe.layer_facts(
                row.path, row.layer, row.start, requested=topology.requested.get(id(row.layer))
            )
            for row in self._rows
            if row.start is not None
        ]
        return ModelFacts(
            name=self.name,
            keras=f"{self.flavour.name} {self.flavour.version}",
            tensorflow=str(tf.__version__),
            replicas=self.replicas,
            trained_by=self.trained_by,
            expect=self.expect,
            layers=tuple(layers),
            phases=tuple(self.phases),
            nodes=describe.nodes(topology, [row.layer for row in self._rows]),
            edges=tuple(topology.edges),
            losses=self.losses(),
            metrics=self.metrics(),
            unchanged_weights=self._reached.unmoved if self._reached.looked_at else (),
            trainable_weights=self._reached.weights,
            weights_checked_step=self._reached.looked_at,
            **describe.class_facts(model),
        )


def open_watches() -> list[WatchedModel]:
    """The watches of this process that are not closed, of models that still exist."""
    return [watch for watch in _open if watch._model() is not None]


def watch_of(model: Any) -> WatchedModel | None:
    """The watch of this model, if it has one."""
    found = getattr(model, "__dict__", {}).get(_ATTRIBUTE)
    if isinstance(found, WatchedModel) and found._model() is model:
        return found
    return None


def watch_model(model: Any, *, expect: Sequence[str] = (), all_traces: bool = True) -> WatchedModel:
    """The watch of this model, begun now if it has none; see `want_all_traces`."""
    found = watch_of(model)
    if found is None:
        found = WatchedModel(model, expect=expect)
    elif expect:
        found.expect = tuple(dict.fromkeys((*found.expect, *expect)))
    if all_traces:
        found.want_all_traces("watch", wanted=True)
    return found


def _strategy(model: Any) -> Any:
    own = getattr(model, "distribute_strategy", None)
    return tf.distribute.get_strategy() if own is None else own


def _nothing() -> None:
    return None

"""The way of a record from an observation to the event file, the history in process and the rules.

Whoever records hands over an observation. In the thread that works beside the training it becomes
records (`measure`), completed by what the run's log lacks, written, added to the history, and
judged by whoever listens. There is no other way for a record to be made.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from tb_bnplugin.diagnose import RULES, Outcome
from tb_bnplugin.diagnose.views.answers import Findings, Outcomes
from tb_bnplugin.guard import Guard
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.measure.model_records import ModelRecords
from tb_bnplugin.measure.reading import Moment, Observation
from tb_bnplugin.schema.facts import ModelFacts, Phase, SwitchedOff
from tb_bnplugin.schema.facts_json import encode_model
from tb_bnplugin.schema.records import Kind, Record, Value
from tb_bnplugin.training import live
from tb_bnplugin.training.live import LiveHistory
from tb_bnplugin.training.queue import work_queue
from tb_bnplugin.training.run import DOCUMENTS, Run
from tb_bnplugin.training.writer import file_of, write_or_warn

ONCE_A_LAYER: Final = frozenset(rule.RULE.code for rule in RULES if rule.RULE.once_a_layer)
"""Codes of what is told in one of the models that hold a layer."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where records go: a run, and the `tf.summary` writer of its log."""

    run: Run
    writer: Any


@dataclass(frozen=True, kw_only=True)
class Extra:
    """A record beside the table: of a loss, a probe, an epoch, the channels."""

    kind: Kind
    value: Value
    name: str = ""  # of the loss


class Listener(Protocol):
    """Who judges the records as they are made."""

    def look(self, step: int, signature: object) -> None:
        """Take note of a record; `signature` differs where something new was recorded."""

    def deliver(self) -> bool:
        """Do what only the thread that trains may do; return True where it is to stop."""


class Publisher:
    """Makes, completes, writes and publishes the records of one model of one run at a time."""

    def __init__(self, name: str) -> None:
        self.guard = Guard(name)
        self.guard.last_words = weakref.WeakMethod(self._write_failure)
        self.live = LiveHistory()
        self.run: Run | None = None
        self._records = ModelRecords(name)
        self._listeners: dict[object, Listener] = {}
        self._held: dict[Kind, Value] = {}  # documents that the history has
        self.last_target: Target | None = None  # to which records were written
        self._seen: tuple[Target | None, ModelFacts | None, Moment | None] = (None, None, None)
        self._lock = threading.RLock()  # traced functions run their ops in threads of their own

    @property
    def name(self) -> str:
        """Name of the model in the log."""
        return self._records.name

    @property
    def phase(self) -> Phase | None:
        """The newest phase that was recorded."""
        return self._records.phase

    def listen(self, listener: Listener, key: object = None) -> None:
        """Let somebody judge the records from now on, instead of who did under the same key."""
        self._listeners[key or listener] = listener

    def ignore(self, listener: Listener) -> None:
        """Let somebody judge no more."""
        self._listeners.pop(listener, None)

    def hand_over(
        self,
        observed: Observation,
        moment: Moment,
        target: Target | None,
        extras: Sequence[Extra] = (),
        *,
        judge: bool = True,
    ) -> None:
        """Make records of an observation, beside the training.

        Args:
            observed: what was seen of the model.
            moment: when and why.
            target: where the records go; None: into the history alone.
            extras: records of the same moment.
            judge: let the listeners look for findings.
        """
        work_queue().put(
            lambda: self._publish_guarded(observed, moment, target, extras, judge=judge)
        )

    def publish(
        self,
        observed: Observation,
        moment: Moment,
        target: Target | None,
        extras: Sequence[Extra] = (),
        *,
        judge: bool = True,
    ) -> bool:
        """The same at once; return True where records were written."""
        work_queue().finish()
        return self._publish_guarded(observed, moment, target, extras, judge=judge)

    def deliver(self) -> bool:
        """Call the user's callables with what was found; return True where training is to stop.

        Raises:
            Exception: whatever a callable of the user's raises.
        """
        stops = [listener.deliver() for listener in list(self._listeners.values())]
        return any(stops)

    def outcomes(self) -> Outcomes:
        """The outcomes of the rules on everything recorded so far."""
        work_queue().finish()
        with self._lock:
            return live.outcomes_of(self.live)

    def findings_now(self) -> tuple[Outcome, ...]:
        """The findings in the records published so far; other records may still wait."""
        with self._lock:
            found = Findings(live.outcomes_of(self.live))
            return tuple(outcome for outcome in found if not self._is_told_elsewhere(outcome))

    def history_now(self) -> ModelHistory:
        """The records published so far, decoded."""
        with self._lock:
            return live.history_of(self.live).models[0]

    @property
    def told(self) -> set[tuple[str, str]]:
        """Code and model of each finding of this run that was printed."""
        return self.live.told

    def _is_told_elsewhere(self, outcome: Outcome) -> bool:
        """Another model of the run holds these layers, and tells this of them."""
        facts = self._records.facts
        if outcome.code not in ONCE_A_LAYER or outcome.severity == "info":
            return False
        if self.run is None or facts is None:
            return False
        places = [
            layer.sharing.first_in or f"{facts.name}/{layer.path}"
            for layer in facts.layers
            if layer.path in outcome.layers
        ]
        return not self.run.tells(outcome.code, places, facts.name)

    def _publish_guarded(
        self,
        observed: Observation,
        moment: Moment,
        target: Target | None,
        extras: Sequence[Extra],
        *,
        judge: bool,
    ) -> bool:
        with self._lock:
            self._seen = (target or self._seen[0], observed.facts or self._seen[1], moment)
            written = self.guard.attempt(
                "recording", self._publish, observed, moment, target, extras
            )
            if judge and observed.reading is not None:
                for listener in self._listeners.values():
                    listener.look(moment.step, self._records.signature())
            return bool(written)

    def _publish(
        self,
        observed: Observation,
        moment: Moment,
        target: Target | None,
        extras: Sequence[Extra],
    ) -> bool:
        made = self._records.take(observed, moment)
        made += [
            self._records.record(extra.kind, extra.value, moment, extra.name) for extra in extras
        ]
        written = target is not None and self._write(made, moment, target)
        changed = {
            kind: value
            for kind, value in self._records.documents.items()
            if self._held.get(kind) is not value
        }
        self._held.update(changed)
        self.live.add(self._complete(made, changed, moment))
        return written

    def _write(self, made: Sequence[Record], moment: Moment, target: Target) -> bool:
        run = target.run
        complete = self._complete(made, run.missing(self, self._records.documents), moment)
        if not write_or_warn(target.writer, complete, self.name, run.directory):
            run.forget_documents()
            return False
        documents = [(r.metadata.kind, r.value) for r in complete if r.metadata.kind in DOCUMENTS]
        run.hold(self, documents, file_of(target.writer))
        self.last_target = target
        return True

    def _write_failure(self, reason: str) -> None:
        """Write a model document that says why the recording ends: else its log looks healthy."""
        with self._lock:
            target, facts, moment = self._seen  # also of a first record, which was not made
            facts = self._records.facts or facts
            if facts is None or moment is None:
                return
            off = SwitchedOff(part="recording", reason=reason)
            value = encode_model(replace(facts, switched_off=(*facts.switched_off, off)))
            record = self._records.record("model", value, moment)
            self._held["model"] = value  # a next fit has another one
            self.live.add([record])
            if target is not None:
                write_or_warn(target.writer, [record], self.name, target.run.directory)
                target.writer.flush()

    def _complete(
        self, made: Sequence[Record], documents: dict[Kind, Value], moment: Moment
    ) -> list[Record]:
        """The records, and those of documents that are not among them."""
        kinds = {record.metadata.kind for record in made}
        missing = (
            self._records.record(kind, value, moment)
            for kind, value in documents.items()
            if kind not in kinds
        )
        return [*made, *missing]

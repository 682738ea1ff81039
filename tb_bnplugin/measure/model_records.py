"""Makes the records of one model from plain readings: no Keras, no TensorFlow, no writer."""

from __future__ import annotations

from dataclasses import replace

from tb_bnplugin.measure.layer_table import LayerTable
from tb_bnplugin.measure.reading import LayerStart, Moment, Observation, Reading
from tb_bnplugin.schema.columns import CONTEXTS
from tb_bnplugin.schema.facts import LayerFacts, ModelFacts, Phase
from tb_bnplugin.schema.facts_json import encode_calls, encode_model, encode_phase
from tb_bnplugin.schema.records import Kind, Metadata, Record, Value


class ModelRecords:
    """The record of a model, kept up from observation to observation.

    Example:
        records = ModelRecords("resnet")
        records.take(Observation(facts=facts, new_layers=layers, baseline=baseline), moment)
        made = records.take(Observation(reading=reading), moment)
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._table = LayerTable()
        self._facts: ModelFacts | None = None
        self._phase: Phase | None = None
        self._documents: dict[Kind, Value] = {}
        self._described_by = 0  # the look that the facts and the phase are of

    @property
    def documents(self) -> dict[Kind, Value]:
        """The newest document of each kind, which every log of the model must hold.

        A value is the same object until it changes.
        """
        return self._documents

    @property
    def facts(self) -> ModelFacts | None:
        """The newest static facts, with what each layer started from as it is known now."""
        return self._facts

    @property
    def phase(self) -> Phase | None:
        """The newest phase."""
        return self._phase

    def signature(self) -> tuple[object, ...]:
        """Differs from the time before when something new was recorded, which rules may judge."""
        phase = 0 if self._phase is None else self._phase.number
        return (self._documents.get("calls"), phase, self._table.signature())

    def take(self, observed: Observation, moment: Moment) -> list[Record]:
        """Make the records of an observation: the table, and each document that changed."""
        made = []
        restarted = False
        before = dict(self._documents)
        observed = self._without_stale(observed)
        if observed.facts is not None:
            self._facts = observed.facts
            self.name = observed.facts.name
        if observed.new_layers is not None:
            self._table.append(observed.new_layers)
        if observed.baseline is not None:
            self._table.begin(observed.baseline)
        if observed.reading is not None:
            table = self._table.update(observed.reading, moment, observed.loop_began)
            restarted = self._restart_changed_from_outside(observed.reading)
            made.append(self.record("layers", table, moment))
            events = self._table.events.record
            if events is not None:
                self._documents["events"] = events
        self._encode(observed, restarted=restarted)
        changed = (
            (kind, value)
            for kind, value in self._documents.items()
            if before.get(kind) is not value
        )
        return [*made, *(self.record(kind, value, moment) for kind, value in changed)]

    def record(self, kind: Kind, value: Value, moment: Moment, name: str = "") -> Record:
        """A record of this model. `name`: of the loss, where the kind has one."""
        metadata = Metadata(kind=kind, model=self.name, name=name)
        return Record(metadata=metadata, step=moment.step, wall_time=moment.wall_time, value=value)

    def _without_stale(self, observed: Observation) -> Observation:
        """Leave out what a later look, taken before this one, has told anew.

        Two ops of a function run beside each other.
        """
        if observed.facts is None and observed.phase is None:
            return observed
        if observed.look < self._described_by:
            return replace(observed, facts=None, phase=None)
        self._described_by = observed.look
        return observed

    def _encode(self, observed: Observation, *, restarted: bool) -> None:
        if observed.calls is not None:
            self._set("calls", encode_calls(observed.calls))
        if observed.phase is not None:
            self._phase = observed.phase
            self._set("phase", encode_phase(observed.phase))
        if self._facts is not None and (observed.facts is not None or restarted):
            layers = zip(self._facts.layers, self._table.starts, strict=False)
            self._facts = replace(self._facts, layers=tuple(_as_started(*row) for row in layers))
            self._set("model", encode_model(self._facts))

    def _set(self, kind: Kind, document: bytes) -> None:
        if self._documents.get(kind) != document:
            self._documents[kind] = document

    def _restart_changed_from_outside(self, reading: Reading) -> bool:
        """Let layers whose statistics were changed from outside start from those."""
        restarted = False
        for index in self._table.changed_from_outside():
            start = self._table.starts[index]
            if start.from_initializer:
                updates = float(reading.executions[index, : len(CONTEXTS)].sum())
                self._table.restart(
                    index, replace(start, from_initializer=False, updates_before=updates)
                )
                restarted = True
        return restarted


def _as_started(layer: LayerFacts, start: LayerStart) -> LayerFacts:
    return replace(
        layer,
        start="initializer" if start.from_initializer else "loaded",
        start_updates_before=start.updates_before,
    )

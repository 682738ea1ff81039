"""Looks at a watched model and gives observations: all that a record is made of."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.model.state_reader import StateReader
from tb_bnplugin.keras.probe.run import Floats, ProbeResult, pack, pack_layers
from tb_bnplugin.keras.watched_model import WatchedModel
from tb_bnplugin.measure.reading import Baseline, Moment, NewLayers, Observation, Reading
from tb_bnplugin.schema.columns import PROBE_COLUMNS, PROBE_LAYER_COLUMNS
from tb_bnplugin.schema.facts import Columns, LossFacts, ModelFacts, Phase, SwitchedOff
from tb_bnplugin.training.publisher import Extra

PROCESS_STARTED: Final = time.time()
"""Wall time, seconds: tells the records of this process from those of one before a restart."""

_NEVER: Final = object()


@dataclass
class _Description:
    """The description of a model: what the program says of it, and what recording has shown."""

    name: str  # in the log
    expect: tuple[str, ...]
    trained_by: str = "loop"
    probe_data: bool = False
    probe_columns: tuple[str, ...] = PROBE_COLUMNS
    evaluations: int = 0
    predictions: int = 0
    fitted_with: Any = _NEVER  # the optimizer of the last fit
    measured: dict[str, LossFacts] = field(default_factory=dict)  # losses of this phase


class ModelObserver:
    """Observes one model: what changed since the observation before, and its present state."""

    def __init__(self, model: Any, guard: Guard, *, name: str, expect: Sequence[str]) -> None:
        self.watched = WatchedModel(model, guard)
        self._about = _Description(name=name, expect=tuple(expect))
        self.last_step = 0
        self._guard = guard
        self._phase: Phase | None = None
        self._new_layers: list[NewLayers] = []
        self._looks = itertools.count(1)
        self._known_traces = -1
        self._known: tuple[Any, ...] | None = None  # what the facts depend on, when last taken
        self.in_fit = False  # `fit` trains the model now, with the callback
        self._loop_began: Reading | None = None  # before the loop that has just ended
        self._entered: tuple[str, Callable[[Any, str], str]] | None = None
        self.find_layers()

    @property
    def name(self) -> str:
        """Name of the model in the log."""
        return self._about.name

    def enter(self, name: str, first_place: Callable[[Any, str], str]) -> None:
        """Be recorded in a run.

        Args:
            name: of the model in its log.
            first_place: of a layer and its path: where the run recorded it first, "" for here.
        """

        def of_this_model(layer: Any, path: str) -> str:
            return first_place(layer, f"{name}/{path}")

        if (name, first_place) != self._entered:
            self._entered = name, first_place
            self._about.name = name
            self.watched.first_place = of_this_model
            self._known = None  # the facts say what is shared within the run

    def expect_codes(self, codes: Sequence[str]) -> None:
        """Add codes of rules whose findings are meant here."""
        self._about.expect = tuple(dict.fromkeys((*self._about.expect, *codes)))

    def trained_by_fit(self, *, probe_data: bool) -> None:
        """Note that `fit` trains the model, not a loop, and whether the callback has a batch."""
        self._about.trained_by = "fit"
        self._about.probe_data = probe_data

    def begin_fit(self, step: int) -> None:
        """A fit begins, with a phase of its own."""
        about = self._about
        self.in_fit = True
        self.watched.want_all_traces("fit", wanted=True)
        self.watched.begin_fit()
        optimizer = getattr(self.watched.model, "optimizer", None)
        compiled = about.fitted_with is not _NEVER and optimizer is not about.fitted_with
        about.fitted_with = optimizer
        self.begin_phase(step, "compile" if compiled else "fit")

    def end_fit(self) -> None:
        """The fit is over, whatever ended it."""
        self.in_fit = False
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

    def end_loop(self, loop: str, began: Reading | None) -> None:
        """Count an `evaluate` or a `predict` that ended; a record of it is due.

        Args:
            loop: that ended.
            began: the state before it, which the record compares with that after it.
        """
        self._loop_began = began
        if loop == "evaluate":
            self._about.evaluations += 1
        else:
            self._about.predictions += 1

    def find_layers(self) -> None:
        """Find layers and optimizers that came since; the next observation brings them."""
        self.watched.optimizers.look()
        new = self.watched.find_layers()
        if new is not None:
            self._new_layers.append(new)

    def baseline(self) -> tuple[StateReader, Observation | None]:
        """The reader of the present layers; with an observation where it is a new one."""
        self.find_layers()
        reader, baseline = self.watched.reader(self.last_step)
        return reader, None if baseline is None else self._with_layers(baseline)

    def observe(
        self, step: int, reason: str, read: tuple[StateReader, Reading] | None = None
    ) -> Observation:
        """The present state, and all that changed.

        Args:
            step: global train step.
            reason: of the record, one of RECORD_REASONS.
            read: a reading made inside a traced function, with its reader.
        """
        if self._phase is None:
            self.begin_phase(step, "watch")
        self.find_layers()
        reader, baseline = self.watched.reader(self.last_step)
        self.last_step = max(step, self.last_step)
        if read is not None and self.watched.is_current(read[0]):
            reading = read[1]
        else:  # layers came, or training was set up anew, since the function was traced
            reading = reader.read()
        weights = self.watched.look_for_unchanged_weights(step, reason)
        described = self.describe(step, changed=weights)
        began, self._loop_began = self._loop_began, None
        return replace(
            described,
            reading=reading,
            baseline=baseline,
            loop_began=began if reason == "evaluation" else None,
        )

    def describe(self, step: int, *, changed: bool = False) -> Observation:
        """The documents that may have changed, and layers that the record does not have yet."""
        if self._phase is None:
            self.begin_phase(step, "watch")
        look = next(self._looks)
        traces, calls = self.watched.traces(), None
        if traces != self._known_traces:
            self._known_traces = traces
            calls = self.watched.calls(self._about.name, step)
        about = self._about
        known = (
            *(about.name, about.expect, about.trained_by, about.probe_data, about.probe_columns),
            *(tuple(about.measured.items()), self._phase, len(self._guard.failures)),
            *(len(self._guard.notes), self.watched.optimizers.facts()),
        )
        layers = self._take_new_layers()
        if calls is None and layers is None and not changed and known == self._known:
            return Observation()
        self._known = known
        return Observation(
            new_layers=layers,
            calls=calls,
            facts=self._facts(),
            phase=self._described_phase(),
            look=look,
        )

    def probe(self, result: ProbeResult) -> list[Extra]:
        """The records of a probe. Metrics that are new get columns of their own."""
        about = self._about
        about.probe_columns = tuple(dict.fromkeys((*about.probe_columns, *result.moving)))
        extras = [Extra(kind="probe", value=pack(result, about.probe_columns))]
        if result.layers:
            table = pack_layers(result, self.watched.layers_in_order(), PROBE_LAYER_COLUMNS)
            extras.append(Extra(kind="probe_layers", value=table))
        return extras

    def loss(self, vector: Floats, facts: LossFacts) -> Extra:
        """The record of a measured loss. Its facts stand in the phase, as first measured.

        The line at which its rows meet is that of the first measurement that has one.
        """
        known = self._about.measured.get(facts.name)
        classes = (facts.loss_class, facts.keras_class)
        if known is None or (known.loss_class, known.keras_class) != classes:
            known = self._about.measured[facts.name] = replace(facts, paired_at=None)
        if known.paired_at is None and facts.paired_at is not None and self.watched.lines.wanted:
            # not to be seen on the first batch, where all predictions are alike
            self._about.measured[facts.name] = replace(known, paired_at=facts.paired_at)
        return Extra(kind="loss", value=vector, name=facts.name)

    def moment(self, step: int, reason: str) -> Moment:
        """When and why a record is made, now."""
        return Moment(
            step=step,
            reason=reason,
            evaluations=self._about.evaluations,
            predictions=self._about.predictions,
            process_started=PROCESS_STARTED,
            wall_time=time.time(),
        )

    def _with_layers(self, baseline: Baseline) -> Observation:
        return Observation(new_layers=self._take_new_layers(), baseline=baseline)

    def _take_new_layers(self) -> NewLayers | None:
        """The layers that the table does not have yet."""
        new, self._new_layers = self._new_layers, []
        return NewLayers.joined(new) if new else None

    def _facts(self) -> ModelFacts:
        about = self._about
        return ModelFacts(
            name=about.name,
            **self.watched.facts(),
            trained_by=about.trained_by,
            probe_data=about.probe_data,
            expect=about.expect,
            process_started=PROCESS_STARTED,
            columns=Columns(probe=about.probe_columns),
            switched_off=tuple(
                SwitchedOff(part=part, reason=reason) for part, reason in self._guard.reasons()
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

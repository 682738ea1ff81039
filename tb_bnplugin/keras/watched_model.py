"""One watched model: its counted layers, and what a look at it gives."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.flavour import flavour_of
from tb_bnplugin.keras.gradient.watched import WatchedGradients
from tb_bnplugin.keras.identity import IdentityRef
from tb_bnplugin.keras.lines.program import ProgramLines
from tb_bnplugin.keras.losses.observe import LossObserver
from tb_bnplugin.keras.model import describe
from tb_bnplugin.keras.model.state_reader import StateReader
from tb_bnplugin.keras.model.topology import Topology
from tb_bnplugin.keras.model.topology import describe as draw
from tb_bnplugin.keras.model.trainable import replaced_by_fit
from tb_bnplugin.keras.model.unchanged_weights import UnchangedWeights
from tb_bnplugin.keras.model.untracked import UntrackedLayers
from tb_bnplugin.keras.optimizers.watched import WatchedOptimizers
from tb_bnplugin.keras.watched_layers import WatchedLayers, check_strategy, strategy_of
from tb_bnplugin.measure.reading import Baseline, NewLayers, Reading
from tb_bnplugin.schema.facts import Call, LossFacts, MetricFacts, Sharing


@dataclass
class _Parts:
    """The parts that are there beside the layers."""

    gradients: WatchedGradients
    lines: ProgramLines
    losses: LossObserver | None = None  # of the compiled losses, in `fit`


@dataclass
class _Looks:
    """The parts of the state that are looked at now and then."""

    weights: UnchangedWeights = field(default_factory=UnchangedWeights)
    untracked: UntrackedLayers = field(default_factory=UntrackedLayers)


class WatchedModel:
    """Counts the modes of a model's batch normalization layers, and reads their state."""

    def __init__(self, model: Any, guard: Guard) -> None:
        self.flavour = flavour_of(model)
        check_strategy(strategy_of(model))
        self.guard = guard
        self.reference = weakref.ref(model)
        self.replicas = int(strategy_of(model).num_replicas_in_sync)
        self.closed = False
        self._layers = WatchedLayers(guard)
        self._reader: StateReader | None = None
        self.optimizers = WatchedOptimizers(model, guard)
        self._earlier: StateReader | None = None  # of the fit before
        # The compiled optimizer, since a loop may compile anew, and those that the reader reads.
        self._read_of: tuple[IdentityRef | None, tuple[object, ...]] = (None, ())
        self._topology: Topology | None = None
        self._looks = _Looks()
        self._trainable_replaced: dict[int, bool] = {}  # see `model.trainable`
        self._parts = _Parts(WatchedGradients(guard), ProgramLines(guard))
        self.first_place: Callable[[Any, str], str] = _nowhere_else

    @property
    def model(self) -> Any:
        """The watched model; raises ReferenceError when it is gone."""
        model = self.reference()
        if model is None:
            raise ReferenceError("the watched model does not exist any more")
        return model

    @property
    def gradients(self) -> WatchedGradients:
        """The gradients of steps of the program's own."""
        return self._parts.gradients

    @property
    def lines(self) -> ProgramLines:
        """The lines of the program that trains the model."""
        return self._parts.lines

    def close(self) -> None:
        """Give the layers their own `call` back; functions traced before go on counting."""
        if not self.closed:
            self.closed = True
            self._parts.gradients.close()
            self._layers.close()

    def want_all_traces(self, who: str, *, wanted: bool) -> None:
        """Count in functions of the user's too, as long as a `watch` or a `fit` wants that.

        A function that counts cannot be frozen into constants, as exporters do; after a `fit`,
        what is traced outside of Keras' own steps is left as it is.
        """
        self._layers.want_all_traces(who, wanted=wanted)

    def begin_fit(self) -> None:
        """Follow what `fit` is about to train with."""
        if self._parts.losses is None:
            self._parts.losses = LossObserver(self.model, self.guard)
        self._parts.losses.refresh()
        self._trainable_replaced = replaced_by_fit(self.model)
        self._earlier, self._reader = self._reader or self._earlier, None
        self._layers.look_again()

    def end_fit(self) -> None:
        """`trainable` of each layer is again what the program sees, and so are its methods."""
        self._trainable_replaced.clear()
        self._parts.gradients.end_fit()

    def find_layers(self) -> NewLayers | None:
        """Find layers that came since; give those that are built by now and new to the table."""
        new = None if self._layers.are_all_known() else self._layers.find(self.model)
        if new is not None:
            self._reader = None
            self._topology = None
        return new

    def reader(self, step: int) -> tuple[StateReader, Baseline | None]:
        """The reader of the present layers; with a baseline where it is a new one.

        Args:
            step: newest one of the run, from which weights are watched for changes.
        """
        optimizers = self.optimizers.present()
        if self._reader is not None and self.is_current(self._reader):
            return self._reader, None
        before, self._read_of = self._read_of, (self.optimizers.compiled(), self.optimizers.token())
        if self._reader is not None and before[0] == self._read_of[0]:
            self._reader = self._reader.reading(
                optimizers
            )  # an optimizer was found: all else goes on
            return self._reader, None
        with tf.init_scope():
            reader = StateReader(
                self.model,
                [row.layer for row in self._layers.rows],
                [row.counter for row in self._layers.rows],
                optimizers,
                self._trainable_replaced,
                self._earlier,
            )
            baseline = Baseline(reading=reader.read(), gamma_beta_layers=reader.gamma_beta_layers)
            if reader.watches_weights or self.model.built:  # else other weights are still to come
                self._reader = reader
                self.guard.attempt("weights", self._looks.weights.begin, self.model, step)
                self.guard.attempt("topology", self._looks.untracked.begin, self.model)
        return reader, baseline

    def is_current(self, reader: StateReader) -> bool:
        """Return True where `reader` reads the present layers and optimizers."""
        same = (self.optimizers.compiled(), self.optimizers.token()) == self._read_of
        return reader is self._reader and same

    def look_for_unchanged_weights(self, step: int, reason: str) -> bool:
        """Look at the weights where it is time; return True where facts changed by it."""
        changed = self.guard.attempt("weights", self._looks.weights.look, step, reason)
        return bool(self.guard.attempt("topology", self._looks.untracked.look)) or bool(changed)

    def channels(self, reader: StateReader) -> np.ndarray[Any, np.dtype[np.float32]] | None:
        """The per-channel vectors of this moment; None where they cannot be read."""
        return self.guard.attempt("channels", reader.channels)

    def layers_in_order(self) -> list[int]:
        """Ids of the recorded layers, in the order of the rows."""
        return [id(row.layer) for row in self._layers.rows]

    def traces(self) -> int:
        """How many ways of calling a layer have been seen: grows with each new trace."""
        return self._layers.traces()

    def calls(self, name: str, step: int) -> tuple[Call, ...]:
        """The mode ledger: each way a layer was called.

        Args:
            name: of the model in the log.
            step: at which a way of calling that is new was first seen.
        """
        return self.lines.of_calls(self._layers.calls(self.model, name, step))

    def losses(self) -> tuple[LossFacts, ...]:
        """The compiled losses, where `fit` trains."""
        return () if self._parts.losses is None else self._parts.losses.losses()

    def metrics(self) -> tuple[MetricFacts, ...]:
        """The compiled metrics, where `fit` trains."""
        return () if self._parts.losses is None else self._parts.losses.metrics()

    def facts(self) -> dict[str, Any]:
        """The facts that the model itself tells, named as in `ModelFacts`."""
        model = self.model
        if self._topology is None:
            self._topology = self.guard.attempt("topology", draw, model)
        topology = self._topology or Topology()
        layers = [
            describe.layer_facts(
                row.path,
                row.layer,
                row.start,
                requested=topology.requested.get(id(row.layer)),
                sharing=Sharing(
                    calls_a_pass=topology.calls.get(id(row.layer)),
                    first_in=self.first_place(row.layer, row.path),
                ),
            )
            for row in self._layers.rows
            if row.start is not None
        ]
        return {
            "keras": f"{self.flavour.name} {self.flavour.version}",
            "tensorflow": str(tf.__version__),
            "replicas": self.replicas,
            "layers": tuple(layers),
            "graph": replace(
                describe.graph(topology, [row.layer for row in self._layers.rows]),
                untracked=self._looks.untracked.facts(),
            ),
            "weights": self._looks.weights.facts(),
            "code": replace(
                describe.code(model),
                statements=self.lines.statements(
                    model,
                    [row.layer for row in self._layers.rows],
                    self._layers.stacks(),
                    self.traces(),
                ),
            ),
            "optimizers": self.optimizers.facts(),
        }

    def read(self, reader: StateReader) -> Reading:
        """The present state."""
        return reader.read()


def _nowhere_else(_: Any, __: str) -> str:
    """Where the run recorded a layer first, "" for here: no run is known yet."""
    return ""

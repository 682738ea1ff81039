"""One watched model: its counted layers, and what a look at it gives."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.calls import counting
from tb_bnplugin.keras.calls.watched_layer import WatchedLayer
from tb_bnplugin.keras.flavour import flavour_of
from tb_bnplugin.keras.losses.observe import LossObserver
from tb_bnplugin.keras.model import describe
from tb_bnplugin.keras.model.layers import batch_norm_layers, is_batch_norm
from tb_bnplugin.keras.model.state_reader import StateReader
from tb_bnplugin.keras.model.topology import Topology
from tb_bnplugin.keras.model.topology import describe as draw
from tb_bnplugin.keras.model.trainable import replaced_by_fit
from tb_bnplugin.keras.model.unchanged_weights import UnchangedWeights
from tb_bnplugin.keras.variables import local
from tb_bnplugin.measure.reading import Baseline, NewLayers, Reading
from tb_bnplugin.schema.columns import CONTEXTS
from tb_bnplugin.schema.facts import Call, LossFacts, MetricFacts


class WatchedModel:
    """Counts the modes of a model's batch normalization layers, and reads their state."""

    def __init__(self, model: Any, guard: Guard) -> None:
        self.flavour = flavour_of(model)
        self.guard = guard
        self.reference = weakref.ref(model)
        self.replicas = int(_strategy(model).num_replicas_in_sync)
        self.closed = False
        self._found: dict[int, WatchedLayer] = {}  # every layer found, by id, in the order found
        self._rows: list[WatchedLayer] = []  # those that are built, in the order of the table
        self._scanned: tuple[int | None, list[int]] | None = None  # calls and layers at the last
        self._reader: StateReader | None = None
        self._optimizer: Any = None  # of which the reader reads
        self._topology: Topology | None = None
        self._weights = UnchangedWeights()
        self._trainable_replaced: dict[int, bool] = {}  # see `model.trainable`
        self._wanted_by: set[str] = set()  # who wants all traces counted, not Keras' own alone
        self._losses: LossObserver | None = None  # of compiled losses, where `fit` trains

    @property
    def model(self) -> Any:
        """The watched model; raises ReferenceError when it is gone."""
        model = self.reference()
        if model is None:
            raise ReferenceError("the watched model does not exist any more")
        return model

    def close(self) -> None:
        """Give the layers their own `call` back; functions traced before go on counting."""
        if not self.closed:
            self.closed = True
            for found in self._found.values():
                self._tell_wanted(found.counter)
                counting.detach(found.layer)

    def want_all_traces(self, who: str, *, wanted: bool) -> None:
        """Count in functions of the user's too, as long as a `watch` or a `fit` wants that.

        A function that counts cannot be frozen into constants, as exporters do; after a `fit`,
        what is traced outside of Keras' own steps is left as it is.
        """
        (self._wanted_by.add if wanted else self._wanted_by.discard)(who)
        for found in self._found.values():
            self._tell_wanted(found.counter)

    def begin_fit(self) -> bool:
        """Follow what `fit` is about to train with; return True for another optimizer."""
        if self._losses is None:
            self._losses = LossObserver(self.model, self.guard)
        self._losses.refresh()
        self._trainable_replaced = replaced_by_fit(self.model)
        another = self._reader is not None and self._optimizer is not self._present_optimizer()
        self._reader = None
        return another

    def end_fit(self) -> None:
        """`trainable` of each layer is again what the program sees."""
        self._trainable_replaced.clear()

    def find_layers(self) -> NewLayers | None:
        """Find layers that came since; give those that are built by now and new to the table."""
        calls = counting.traced_calls()
        if calls is not None and self._scanned is not None and calls == self._scanned[0]:
            return None
        model = self.model
        layers = list(model._flatten_layers())
        tracked = [id(layer) for layer in layers]
        complete = all(getattr(layer, "built", True) for layer in layers)
        if self._scanned is not None and tracked == self._scanned[1]:
            self._scanned = (calls, tracked)
            return None
        self._attach(model)
        # Until all are built, any of them may turn out to be one.
        self._scanned = (calls, tracked) if complete else None
        new = [
            found
            for found in self._found.values()
            if found.start is None
            and getattr(found.layer, "moving_mean", None) is not None
            and is_batch_norm(found.layer)
        ]
        return self._append(new) if new else None

    def _attach(self, model: Any) -> None:
        strategy = _strategy(model)
        for path, layer in batch_norm_layers(model):
            if id(layer) not in self._found:
                built = getattr(layer, "moving_mean", None) is not None
                counter = counting.attach(layer, strategy, self.guard)
                self._tell_wanted(counter)
                if not self._found:
                    counter.count_batches()
                self._found[id(layer)] = WatchedLayer(
                    path=path, layer=layer, counter=counter, built_before=built
                )

    def _tell_wanted(self, counter: counting.LayerCounter) -> None:
        wanted = self._wanted_by and not self.closed
        (counter.wanted_by.add if wanted else counter.wanted_by.discard)(id(self))

    def _append(self, new: Sequence[WatchedLayer]) -> NewLayers:
        starts, means, variances = [], [], []
        for found in new:
            with tf.init_scope():
                executions = np.asarray(local(found.counter.executions))
                updates = float(executions[: len(CONTEXTS)].sum())
                found.start, mean, variance = describe.layer_start(
                    found.layer, updates, built_while_watched=not found.built_before
                )
            starts.append(found.start)
            means.append(mean)
            variances.append(variance)
        self._rows.extend(new)
        self._reader = None
        self._topology = None
        return NewLayers(
            starts=tuple(starts), mean=np.concatenate(means), variance=np.concatenate(variances)
        )

    def reader(self, step: int) -> tuple[StateReader, Baseline | None]:
        """The reader of the present layers; with a baseline where it is a new one.

        Args:
            step: newest one of the run, from which weights are watched for changes.
        """
        optimizer = self._present_optimizer()
        if self._reader is not None and self._optimizer is optimizer:
            return self._reader, None
        self._optimizer = optimizer  # a loop may compile anew
        with tf.init_scope():
            reader = StateReader(
                self.model,
                [row.layer for row in self._rows],
                [row.counter for row in self._rows],
                self._trainable_replaced,
            )
            baseline = Baseline(reading=reader.read(), gamma_beta_layers=reader.gamma_beta_layers)
            if reader.watches_weights or self.model.built:  # else other weights are still to come
                self._reader = reader
                self.guard.attempt("weights", self._weights.begin, self.model, step)
        return reader, baseline

    def is_current(self, reader: StateReader) -> bool:
        """Return True where `reader` reads the present layers and optimizer."""
        return reader is self._reader and self._optimizer is self._present_optimizer()

    def _present_optimizer(self) -> Any:
        return getattr(self.model, "optimizer", None)

    def look_for_unchanged_weights(self, step: int, reason: str) -> bool:
        """Look at the weights where it is time; return True where facts changed by it."""
        return bool(self.guard.attempt("weights", self._weights.look, step, reason))

    def channels(self, reader: StateReader) -> np.ndarray[Any, np.dtype[np.float32]] | None:
        """The per-channel vectors of this moment; None where they cannot be read."""
        return self.guard.attempt("channels", reader.channels)

    def traces(self) -> int:
        """How many ways of calling a layer have been seen: grows with each new trace."""
        return sum(len(found.counter.seen) for found in self._found.values())

    def calls(self, name: str, step: int) -> tuple[Call, ...]:
        """The mode ledger: each way a layer was called.

        Args:
            name: of the model in the log.
            step: at which a way of calling that is new was first seen.
        """
        names = {id(self.model): name, **{id(row.layer): row.path for row in self._rows}}
        return tuple(
            call for index, row in enumerate(self._rows) for call in row.calls(index, names, step)
        )

    def losses(self) -> tuple[LossFacts, ...]:
        """The compiled losses, where `fit` trains."""
        return () if self._losses is None else self._losses.losses()

    def metrics(self) -> tuple[MetricFacts, ...]:
        """The compiled metrics, where `fit` trains."""
        return () if self._losses is None else self._losses.metrics()

    def facts(self) -> dict[str, Any]:
        """What the model itself tells, as `ModelFacts` has it."""
        model = self.model
        if self._topology is None:
            self._topology = self.guard.attempt("topology", draw, model)
        topology = self._topology or Topology()
        layers = [
            describe.layer_facts(
                row.path, row.layer, row.start, requested=topology.requested.get(id(row.layer))
            )
            for row in self._rows
            if row.start is not None
        ]
        return {
            "keras": f"{self.flavour.name} {self.flavour.version}",
            "tensorflow": str(tf.__version__),
            "replicas": self.replicas,
            "layers": tuple(layers),
            "nodes": describe.nodes(topology, [row.layer for row in self._rows]),
            "edges": tuple(topology.edges),
            "unchanged_weights": self._weights.unchanged if self._weights.checked_step else (),
            "trainable_weights": self._weights.weights,
            "weights_checked_step": self._weights.checked_step,
            **describe.class_facts(model),
        }

    def read(self, reader: StateReader) -> Reading:
        """The present state."""
        return reader.read()


def _strategy(model: Any) -> Any:
    own = getattr(model, "distribute_strategy", None)
    return tf.distribute.get_strategy() if own is None else own

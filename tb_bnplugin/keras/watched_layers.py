"""The batch normalization layers of one watched model: those found, and those in the table."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.errors import StrategyError
from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.calls import counting, wrapping
from tb_bnplugin.keras.calls.watched_layer import WatchedLayer
from tb_bnplugin.keras.model import describe
from tb_bnplugin.keras.model.layers import batch_norm_layers, is_batch_norm
from tb_bnplugin.keras.variables import local
from tb_bnplugin.measure.reading import NewLayers
from tb_bnplugin.schema.columns import EXECUTION_COLUMNS
from tb_bnplugin.schema.facts import Call
from tb_bnplugin.schema.places import Line


class WatchedLayers:
    """Finds the layers of a model and has their calls counted, as long as it is not closed."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.found: dict[int, WatchedLayer] = {}  # every layer found, by id, in the order found
        self.rows: list[WatchedLayer] = []  # those that are built, in the order of the table
        self._ways: list[Sized] = []  # of calling each of them
        self._closed = False
        self._scanned: tuple[int | None, list[int]] | None = None  # calls and layers at the last
        self._wanted_by: set[str] = set()  # who wants all traces counted, not Keras' own alone

    def close(self) -> None:
        """Give the layers their own `call` back; functions traced before go on counting."""
        self._closed = True
        for found in self.found.values():
            self._tell_wanted(found.counter)
            wrapping.detach(found.layer)

    def want_all_traces(self, who: str, *, wanted: bool) -> None:
        """Count in functions of the user's too, as long as `who` or another wants that."""
        (self._wanted_by.add if wanted else self._wanted_by.discard)(who)
        for found in self.found.values():
            self._tell_wanted(found.counter)

    def are_all_known(self) -> bool:
        """Return True where nothing was traced since the last look, so that no layer came."""
        calls = counting.traced_calls()
        return calls is not None and self._scanned is not None and calls == self._scanned[0]

    def look_again(self) -> None:
        """Let the next `find` look at all layers: the program may have changed the model."""
        self._scanned = None

    def find(self, model: Any) -> NewLayers | None:
        """Find layers that came since; give those that are built by now and new to the table."""
        calls = counting.traced_calls()
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
            for found in self.found.values()
            if found.start is None
            and getattr(found.layer, "moving_mean", None) is not None
            and is_batch_norm(found.layer)
        ]
        return self._append(new) if new else None

    def traces(self) -> int:
        """How many ways of calling a layer have been seen: grows with each new trace."""
        return sum(map(len, self._ways))

    def calls(self, model: Any, name: str, step: int) -> tuple[Call, ...]:
        """The mode ledger: each way a layer was called.

        Args:
            model: whose layers these are.
            name: of the model in the log.
            step: at which a way of calling that is new was first seen.
        """
        names = {id(model): name, **{id(row.layer): row.path for row in self.rows}}
        return tuple(
            call for index, row in enumerate(self.rows) for call in row.calls(index, names, step)
        )

    def stacks(self) -> list[tuple[str, tuple[Line, ...]]]:
        """Context and lines of the program, of each way a layer was called."""
        return [
            (seen.context, seen.stack)
            for found in self.found.values()
            for seen in list(found.counter.seen.values())
        ]

    def _attach(self, model: Any) -> None:
        strategy = strategy_of(model)
        for path, layer in batch_norm_layers(model):
            if id(layer) not in self.found:
                built = getattr(layer, "moving_mean", None) is not None
                counter = wrapping.attach(layer, strategy, self.guard)
                self._tell_wanted(counter)
                if not self.found:
                    counter.count_batches()
                self._ways.append(counter.seen)
                self.found[id(layer)] = WatchedLayer(
                    path=path, layer=layer, counter=counter, built_before=built
                )

    def _tell_wanted(self, counter: counting.LayerCounter) -> None:
        wanted = self._wanted_by and not self._closed
        (counter.wanted_by.add if wanted else counter.wanted_by.discard)(id(self))

    def _append(self, new: Sequence[WatchedLayer]) -> NewLayers:
        starts, means, variances = [], [], []
        for found in new:
            with tf.init_scope():
                executions = np.asarray(local(found.counter.executions))
                found.start, mean, variance = describe.layer_start(
                    found.layer,
                    executions[: len(EXECUTION_COLUMNS)],
                    built_while_watched=not found.built_before,
                )
            starts.append(found.start)
            means.append(mean)
            variances.append(variance)
        self.rows.extend(new)
        return NewLayers(
            starts=tuple(starts), mean=np.concatenate(means), variance=np.concatenate(variances)
        )


def check_strategy(strategy: Any) -> None:
    """Raises StrategyError if models of this strategy cannot be recorded."""
    if getattr(strategy, "_should_use_with_coordinator", False):  # not of MirroredStrategy
        raise StrategyError(
            "a model of ParameterServerStrategy cannot be recorded: its workers make their steps"
            " each at its own time, so that no record would be of one step. Train it without"
            " tb_bnplugin, or check the same program under MirroredStrategy or"
            " MultiWorkerMirroredStrategy, or without a strategy"
        )


def strategy_of(model: Any) -> Any:
    """The distribution strategy that a model was made in."""
    own = getattr(model, "distribute_strategy", None)
    return tf.distribute.get_strategy() if own is None else own

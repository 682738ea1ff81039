"""Counting what a layer does, by mode and context.

The counters live where the layer runs, so that every execution counts: in eager mode, in a
traced function, under XLA, in `tf.range`, and for each of `steps_per_execution`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final, NamedTuple

import numpy as np
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.calls import context, reason
from tb_bnplugin.keras.calls.arguments import (
    asked_value,
    given_inputs,
    given_mask,
    given_training,
    static_shape,
    truth,
)
from tb_bnplugin.keras.calls.batch_values import below_limits, static_below
from tb_bnplugin.keras.calls.origin import origin
from tb_bnplugin.keras.calls.own_updates import is_keras_call, moved_since, statistics_now
from tb_bnplugin.keras.calls.run_context import run_context
from tb_bnplugin.keras.calls.suspend import suspended
from tb_bnplugin.keras.identity import IdentityRef
from tb_bnplugin.keras.lines.stack import users_lines
from tb_bnplugin.keras.variables import create_for_replicas, local
from tb_bnplugin.schema.columns import CONTEXTS, EVENT_COUNTERS, EXECUTION_COLUMNS
from tb_bnplugin.schema.places import Line

LARGEST_COUNTED_BATCH: Final = 4096  # rows; larger batches count as this one

MOST_WAYS: Final = 64
"""Ways of calling a layer that are told apart by the shape of its inputs; memory stays bounded."""

COUNTED: Final = (*EXECUTION_COLUMNS, *EVENT_COUNTERS)
"""The columns that the counter of a layer holds."""

_FROZEN: Final = COUNTED.index("frozen_executions")
_MOVED: Final = COUNTED.index("frozen_updates")
_BELOW: Final = COUNTED.index("training_below_2")  # and below_16 behind it, at the end
_EVALUATE: Final = CONTEXTS.index("evaluate")
_PREDICT: Final = CONTEXTS.index("predict")


class _Place(NamedTuple):
    """Where a call is counted: a context, which a loop that runs then may say better."""

    context: int  # index in CONTEXTS
    fixed: bool  # a training step is none of evaluate and predict, whatever runs


@dataclass(frozen=True, kw_only=True)
class SeenCall:
    """One way a layer is called, noted when it was traced or first run."""

    mode: str  # "training", "inference", "dynamic"
    context: str
    training_argument: str  # "true", "false", "none", "tensor"
    reason: str
    source: IdentityRef | None  # the layer that holds the value
    trainable: bool
    function: str
    jit: bool
    input_shape: tuple[int | None, ...]
    stack: tuple[Line, ...]  # lines of the user's program, the innermost first


class LayerCounter:
    """Executions of one layer by mode and context, and the ways it was called."""

    def __init__(self, layer: Any, strategy: Any, guard: Guard) -> None:
        self.layer = weakref.ref(layer)
        self.guard = guard
        self.counts_batches = False
        self.wanted_by: set[int] = set()  # who wants all traces counted, not Keras' own alone
        self.seen: dict[tuple[Any, ...], SeenCall] = {}
        with tf.init_scope():
            # A function compiled by XLA takes no variable of another device.
            mean = local(getattr(layer, "moving_mean", None))
            self._device = None if mean is None else mean.device
        self._strategy = strategy
        self._replicas = strategy.num_replicas_in_sync  # of all processes
        self.executions = self._counter(len(COUNTED), "bn_executions")
        self.batches: tf.Variable | None = None
        run_context().variable_on(self.executions.device)  # made outside any trace
        self._deltas: dict[tuple[int, ...], tf.Tensor] = {}

    def count_batches(self) -> None:
        """Also counts the rows of each batch, once a model."""
        if self.batches is None:
            self.batches = self._counter(LARGEST_COUNTED_BATCH + 1, "bn_batches")
        self.counts_batches = True

    def _counter(self, size: int, name: str) -> tf.Variable:
        return create_for_replicas(np.zeros(size, np.int64), self._strategy, name, self._device)

    # TensorFlow 2.16's autograph converts tf_keras, and with it whatever tf_keras calls.
    @tf.autograph.experimental.do_not_convert
    def count(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType
    ) -> Callable[[], None] | None:
        """Counts the call that is being made, now or whenever its trace runs.

        Returns:
            What is to be counted once the call has been made, None for nothing.
        """
        if suspended() or context.is_symbolic() or context.is_exporting():
            return None
        layer = self.layer()
        if layer is None:
            return None
        inputs = given_inputs(layer, args, kwargs)
        if inputs is None:
            return None
        value = given_training(layer, args, kwargs)
        where = context.current(frame)
        if where.function and where.step is None and not self.wanted_by:
            return None  # after `fit`, a function of the user's, who may freeze or export it
        if not where.function and where.step != "train" and run_context().value:
            where = (context.EAGER_EVALUATE, context.EAGER_PREDICT)[run_context().value - 1]
        trainable = bool(layer.trainable)
        self._note(layer, value, where, static_shape(inputs), frame, trainable=trainable)
        at = _Place(CONTEXTS.index(where.context), fixed=where.step == "train")
        with _after(inputs):
            if tf.is_tensor(value) and not tf.executing_eagerly():
                training = tf.cast(value, tf.bool)
                asked = self._delta(0, at) if trainable else self._delta(1, at, frozen=True)
                self.executions.assign_add(tf.where(training, asked, self._delta(1, at)))
                return None
            asked_for = truth(value)
            is_training = trainable and asked_for
            if is_training:
                self._count_training(layer, inputs, given_mask(args, kwargs), at)
            else:
                self.executions.assign_add(self._delta(1, at, frozen=asked_for))
            if self.counts_batches and (is_training or where.context == "tape"):
                self._count_rows(inputs)
        if asked_for and not trainable and not is_keras_call(layer):
            before = statistics_now(layer)
            return None if before is None else lambda: self._count_moves(layer, before)
        return None

    def _count_training(self, layer: Any, inputs: Any, mask: Any, at: _Place) -> None:
        below = static_below(layer, inputs, mask, self._replicas)
        if below is not None:
            self.executions.assign_add(self._delta(0, at, below=below))
            return
        counted = below_limits(layer, inputs, mask, self._replicas)
        self.executions.assign_add(tf.concat([self._delta(0, at)[:_BELOW], counted], axis=0))

    def _count_moves(self, layer: Any, before: tuple[Any, Any]) -> None:
        moved = tf.cast(moved_since(layer, before), tf.int64)
        self.executions.assign_add(moved * tf.constant(_one_hot(_MOVED)))

    def _note(
        self,
        layer: Any,
        value: Any,
        where: context.CallContext,
        shape: tuple[int | None, ...],
        frame: FrameType,
        *,
        trainable: bool,
    ) -> None:
        asked = asked_value(value)
        if len(self.seen) >= MOST_WAYS:
            shape = (None,) * len(shape)  # of sizes that differ all the time, none is special
        key: tuple[Any, ...] = (asked, where, trainable, shape)
        if where.function:
            _calls_seen.traced += 1
        elif key in self.seen:
            return  # an eager loop: the search for the reason is for the first step only
        else:
            _calls_seen.eager = True
        found = reason.find(layer, value, frame)
        source = None if found.source is None else IdentityRef(found.source)
        if where.function:
            key = (*key, found.reason, source)
        mode = "training" if trainable and asked == "true" else "inference"
        if key in self.seen:
            return
        self.seen[key] = SeenCall(
            mode="dynamic" if asked == "tensor" else mode,
            context=where.context,
            training_argument=asked,
            reason=found.reason,
            source=source,
            trainable=trainable,
            function=where.function,
            jit=where.jit,
            input_shape=shape,
            stack=self.guard.attempt("lines", users_lines, frame) or (),
        )

    def _delta(
        self,
        mode: int,
        at: _Place,
        *,
        frozen: bool = False,
        below: tuple[bool, bool] = (False, False),
    ) -> tf.Tensor:
        """int64 [COUNTED]: one at the column of this mode and context, as the run context says.

        `frozen`: training mode was asked for, of a frozen layer. `below`: fewer values per
        channel than each of the limits.
        """
        rest = (mode, int(frozen), *map(int, below))
        if tf.executing_eagerly():
            chosen = (
                at.context if at.fixed else (at.context, _EVALUATE, _PREDICT)[run_context().value]
            )
            known = self._deltas.get((chosen, *rest))
            if known is None:
                known = tf.constant(_column_values(mode, chosen, frozen=frozen, below=below))
                self._deltas[(chosen, *rest)] = known
            return known
        if at.fixed:
            return tf.constant(_column_values(mode, at.context, frozen=frozen, below=below))
        table = np.stack(
            [
                _column_values(mode, chosen, frozen=frozen, below=below)
                for chosen in (at.context, _EVALUATE, _PREDICT)
            ]
        )
        return tf.gather(tf.constant(table), run_context().variable_on(self.executions.device))

    def _count_rows(self, inputs: Any) -> None:
        entered = inputs if tf.executing_eagerly() else origin(inputs)
        rows = tf.minimum(tf.shape(entered, out_type=tf.int64)[0], LARGEST_COUNTED_BATCH)
        assert self.batches is not None
        self.batches.assign_add(tf.one_hot(rows, LARGEST_COUNTED_BATCH + 1, dtype=tf.int64))


def _after(inputs: Any) -> AbstractContextManager[Any]:
    """Where a graph adds to counters only once it has the data.

    The multi-step functions of Keras 3.0 begin steps for which there is no data any more.
    """
    if tf.executing_eagerly():
        return nullcontext()
    parts = tf.nest.flatten(inputs, expand_composites=True)
    after: AbstractContextManager[Any] = tf.control_dependencies([origin(part) for part in parts])
    return after


class _CallsSeen:
    traced = 0
    eager = False


_calls_seen = _CallsSeen()


def traced_calls() -> int | None:
    """How many calls of layers were traced: while it is the same, no model runs differently.

    None where layers run eagerly, so that every step may differ.
    """
    return None if _calls_seen.eager else _calls_seen.traced


def _one_hot(column: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    row = np.zeros(len(COUNTED), np.int64)
    row[column] = 1
    return row


def _column_values(
    mode: int, at: int, *, frozen: bool, below: tuple[bool, bool]
) -> np.ndarray[Any, np.dtype[np.int64]]:
    row = _one_hot(mode * len(CONTEXTS) + at)
    row[_FROZEN] = int(frozen and at not in (_EVALUATE, _PREDICT))
    row[_BELOW:] = below
    return row

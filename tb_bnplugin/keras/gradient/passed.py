"""The gradient that comes back to the predictions of a model in a loop of the program's own.

An identity on each output, as in an own `train_step`. Labels and loss are not known here: what came
back is held, beside the predictions by which a loss that is handed over can be told to be of them.
"""

from __future__ import annotations

import sys
import threading
import weakref
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import record

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.calls import context
from tb_bnplugin.keras.calls.suspend import suspended
from tb_bnplugin.keras.gradient.backward import see_gradient
from tb_bnplugin.keras.gradient.behind import (
    ACTIVATIONS,
    UNKNOWN,
    Activation,
    activation_of,
    with_attributes,
)
from tb_bnplugin.keras.gradient.handing import hands_loss_over
from tb_bnplugin.keras.gradient.methods import WrappedMethod
from tb_bnplugin.keras.gradient.tapes import Places, tape_of_pass
from tb_bnplugin.keras.losses.structure import leaves, map_leaves
from tb_bnplugin.keras.variables import copies, create_for_replicas

MOST: Final = 512
"""Values of an output that are held, spread over all: enough to tell a factor."""

MOST_OUTPUTS: Final = 4

PREDICTIONS, GRADIENT, ABOUT = range(3)
"""Rows of what is held of an output."""

PASSES, SIZE, KNOWN, BEHIND = range(4)
"""About it: passes that came back, values of the output, 1 where this was one pass of one call, and
where the gradient was seen: 0 at the predictions, n at the logits of the n-th of `ACTIVATIONS`."""


@dataclass(eq=False)
class _Calls:
    """Calls of the model before a gradient comes back: of several, each has a part of it."""

    graph: weakref.ref[Any] | None = None  # that is being traced; None: eager
    number: int = 0
    came_back: bool = False


@dataclass(eq=False)
class _Output:
    """One output of one call."""

    at: int
    predictions: tf.Tensor
    calls: _Calls
    passes: int = 0


class _Present(threading.local):
    def __init__(self) -> None:
        self.calls = _Calls()


@dataclass(eq=False)
class _Wanted:
    """The wish for a gradient: nothing is held before a loss is handed over."""

    variable: Any  # read where a traced step runs
    now: bool = field(default=False)

    def begin(self) -> None:
        if not self.now:
            self.now = True
            with tf.init_scope():
                for each in copies(self.variable):
                    each.assign(True)


class PassedGradients:
    """Holds what came back to the predictions in the newest backward pass."""

    def __init__(self, model: Any, strategy: Any, guard: Guard) -> None:
        self._model = weakref.ref(model)
        self._guard = guard
        self._held = [
            create_for_replicas(np.zeros((3, MOST)), strategy, "bn_passed")
            for _ in range(MOST_OUTPUTS)
        ]
        self._wanted = _Wanted(create_for_replicas(np.array(False), strategy, "bn_wanted"))
        self._call: WrappedMethod | None = None
        self._places = Places()
        self._present = _Present()
        self._outputs = 0  # that have been tapped

    def begin(self) -> None:
        """Wrap the model's `call`, for what is traced from now on."""
        model = self._model()
        if self._call is None and model is not None:
            self._call = WrappedMethod(model, "call", self._around_call)

    def end(self) -> None:
        """Give the model its own method back; traced functions go on."""
        if self._call is not None:
            self._call.restore()
        self._call = None

    def want(self) -> None:
        """Hold, from now on, what comes back: a loss is handed over."""
        self._wanted.begin()

    def held(self) -> tf.Tensor | None:
        """The newest pass [outputs, 3, MOST], of this replica; None: no output is looked at."""
        if not self._outputs:
            return None
        return tf.stack([tf.convert_to_tensor(_here(each)) for each in self._held[: self._outputs]])

    def _around_call(self, run: Any, model: Any, args: Any, kwargs: Any) -> Any:
        outputs = run(model, *args, **kwargs)
        tapped = self._guard.attempt("gradients", self._tap, outputs)
        return outputs if tapped is None else tapped

    @tf.autograph.experimental.do_not_convert
    def _tap(self, outputs: Any) -> Any:
        """The outputs, through identities; None: nothing is measured in this call."""
        if suspended() or context.is_symbolic() or context.is_exporting():
            return None
        if not record.could_possibly_record() or not self._is_asked_for():
            return None
        if type(outputs) not in (dict, list, tuple) and not tf.is_tensor(outputs):
            return None
        given = [each for _, each in leaves(outputs)]
        floating = [tf.is_tensor(each) and each.dtype.is_floating for each in given]
        if not all(floating) or not 0 < len(given) <= MOST_OUTPUTS:
            return None
        if self._places.have_several_tapes(sys._getframe(1)):
            return None
        calls, places = self._next_call(), iter(range(len(given)))
        self._outputs = max(self._outputs, len(given))

        def tapped(predictions: tf.Tensor) -> tf.Tensor:
            activation = activation_of(predictions)
            output = _Output(next(places), predictions, calls)
            if activation is UNKNOWN:
                return predictions
            return with_attributes(predictions, partial(self._on, output), activation)

        return map_leaves(tapped, outputs)

    def _is_asked_for(self) -> bool:
        """A loss was handed over, or will be, as far as the program that traces a step shows."""
        if self._wanted.now or tf.executing_eagerly():
            return self._wanted.now
        return hands_loss_over(sys._getframe(1))

    def _next_call(self) -> _Calls:
        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        calls = self._present.calls
        known = None if calls.graph is None else calls.graph()
        if calls.came_back or known is not graph:
            calls = _Calls(None if graph is None else weakref.ref(graph))
            self._present.calls = calls
        calls.number += 1
        return calls

    def _on(self, output: _Output, values: tf.Tensor, behind: Activation | None) -> tf.Tensor:
        def seen(_: tf.Tensor, given: tf.Tensor) -> None:
            self._guard.attempt("gradients", self._came_back, output, behind, given)

        return see_gradient(values, seen, _nothing)

    @tf.autograph.experimental.do_not_convert
    def _came_back(self, output: _Output, behind: Activation | None, given: tf.Tensor) -> None:
        output.calls.came_back = True
        output.passes += 1
        if tape_of_pass(sys._getframe(1)) is None:
            return  # of a Jacobian, row by row; or of a function that is traced without its tape
        known = output.passes == 1 and output.calls.number == 1
        at = 0 if behind is None else 1 + list(ACTIVATIONS.values()).index(behind)
        held = self._held[output.at]

        def hold() -> tf.Tensor:
            passes = tf.convert_to_tensor(_here(held))[ABOUT, PASSES] + 1.0
            size = tf.cast(tf.size(output.predictions), tf.float64)
            about = tf.stack(
                [passes, size, *(tf.constant(float(n), tf.float64) for n in (known, at))]
            )
            rows = [spread(output.predictions), spread(given), _padded(about)]
            # behind stop_gradient: a penalty on gradients differentiates what stands here, too
            held.assign(tf.stop_gradient(tf.stack(rows)))
            return tf.constant(True)

        if tf.executing_eagerly():
            hold()
        else:
            tf.cond(tf.convert_to_tensor(_here(self._wanted.variable)), hold, _nothing_held)


def spread(values: tf.Tensor) -> tf.Tensor:
    """Some of the values of a tensor, spread over all, as float64 [MOST]."""
    flat = tf.reshape(values, [-1])
    known = flat.shape.num_elements()
    size = tf.size(flat) if known is None else known
    step = (size + MOST - 1) // MOST
    step = tf.maximum(step, 1) if known is None else max(step, 1)
    return _padded(tf.cast(flat[::step], tf.float64))


def _padded(vector: tf.Tensor) -> tf.Tensor:
    size = vector.shape[0]
    padded = tf.pad(vector, [[0, MOST - (tf.size(vector) if size is None else size)]])
    return tf.ensure_shape(padded, [MOST])


def _here(variable: Any) -> Any:
    """The copy of the replica that runs; the first one where none does."""
    each, replica = copies(variable), tf.distribute.get_replica_context()
    runs = replica is not None and replica.num_replicas_in_sync > 1
    return variable if runs and len(each) > 1 else each[0]


def _nothing() -> None:
    return None


def _nothing_held() -> tf.Tensor:
    return tf.constant(False)

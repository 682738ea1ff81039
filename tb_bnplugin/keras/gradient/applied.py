"""The gradient that reaches an optimizer, against what the backward passes gave.

An identity stands between the bias of one layer and the layer, while that is called: what comes
back through it is the gradient of one pass. Where an optimizer is given the gradient of this bias,
both are held. Nothing is put beside the data, so that TensorFlow fuses operations as before.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import record

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.calls import context
from tb_bnplugin.keras.calls.suspend import suspended
from tb_bnplugin.keras.flavour import flavour_of, flavour_of_object
from tb_bnplugin.keras.gradient.backward import see_gradient
from tb_bnplugin.keras.gradient.folded import is_product
from tb_bnplugin.keras.gradient.measured_layer import (
    MeasuredLayer,
    find_measured_layer,
    makes_predictions,
)
from tb_bnplugin.keras.gradient.methods import WrappedMethod
from tb_bnplugin.keras.gradient.tapes import Places, tape_of_pass
from tb_bnplugin.keras.optimizers import description, search
from tb_bnplugin.keras.optimizers.description import chain
from tb_bnplugin.keras.variables import copies, create_for_replicas
from tb_bnplugin.schedule import growing
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS

Floats = np.ndarray[Any, np.dtype[np.float64]]

MOST_CHANNELS: Final = 128  # of the bias that are held: enough to tell a factor

MOST_OPTIMIZERS: Final = 8  # that are wrapped, of those in reach of the program

_SINCE, _PASSED, _GIVEN, _COUNTS = range(4)
"""Rows of what is held: the sum of what came back since the last step of the optimizer, that sum
and the gradient given at this step, and the counts."""

_NOW, _THEN, _STEPS = range(3)
"""Counts: backward passes since the last step, those before it, and the optimizer's steps."""


class _Pass(threading.local):
    tape: Any = None  # a weak reference: whose pass came back last


@dataclass(frozen=True, kw_only=True)
class _Step:
    """The newest step of an optimizer."""

    optimizer: weakref.ref[Any] | None = None
    trained: Sequence[weakref.ref[Any]] = ()  # variables given with the gradient


class AppliedGradients:
    """Holds what the newest step of an optimizer was given, and what came back before it."""

    def __init__(self, model: Any, strategy: Any, guard: Guard) -> None:
        self._model = weakref.ref(model)
        self._is_keras_3 = flavour_of(model).is_keras_3
        self._guard = guard
        self._replicas = int(strategy.num_replicas_in_sync)
        self._held = create_for_replicas(np.zeros((4, MOST_CHANNELS)), strategy, "bn_applied")
        self._layer: MeasuredLayer | None = None
        self._call: WrappedMethod | None = None
        self._optimizers: list[WrappedMethod] = []
        self._places = Places()
        self._last = _Pass()
        self._taken = 0.0  # steps of the optimizer at the last `take`
        self._newest = _Step()
        self._is_known = True  # all that came back was added up
        self._calls = 0
        self._search_due = growing(1.5)

    def begin(self, optimizers: Sequence[Any] = ()) -> None:
        """Wrap the `call` of one layer; and these optimizers, beside those found in the program."""
        model = self._model()
        if self._call is None and model is not None:
            # replicas take turns within a normalization, where each would find the other's identity
            self._layer = find_measured_layer(model, norms=self._replicas == 1)
            if self._layer is not None:
                self._call = WrappedMethod(self._layer.layer, "call", self._around_call)
        if self._call is not None:
            self._wrap([each for each in optimizers if each is not None])

    @property
    def has_layer(self) -> bool:
        """True while a layer is looked at."""
        return self._call is not None

    def end(self) -> None:
        """Give layer and optimizers their own methods back; traced functions go on adding up."""
        for wrapped in (self._call, *self._optimizers):
            if wrapped is not None:
                wrapped.restore()
        self._call, self._optimizers = None, []

    def take(self) -> Floats | None:
        """The newest step, float64 [GRADIENT_COLUMNS]; None: there was none since the last."""
        held = np.stack([np.asarray(tf.convert_to_tensor(each)) for each in copies(self._held)])
        steps = float(held[0, _COUNTS, _STEPS])
        if steps == self._taken or not self._is_known:
            return None
        self._taken = steps
        passes = held[:, _COUNTS, _THEN]
        own = compare_vectors(held[:, _GIVEN], held[:, _PASSED])
        summed = np.broadcast_to(held[:, _PASSED].sum(axis=0), held[:, _GIVEN].shape)
        whole = 1 < len(held) == self._replicas  # those of other workers are not seen
        reduced = compare_vectors(held[:, _GIVEN], summed) if whole else (np.nan, np.nan)
        measured = {
            "applied_factor": own[0],
            "applied_cosine": own[1],
            "applied_passes": passes[0] if (passes == passes[0]).all() else np.nan,
            "reduced_factor": reduced[0],
            "reduced_cosine": reduced[1],
            "applications": steps,
        }
        return np.array([measured.get(name, np.nan) for name in GRADIENT_COLUMNS], np.float64)

    def trained(self) -> list[Any]:
        """The variables whose gradients the optimizer got in its newest step."""
        return [each for each in (held() for held in self._newest.trained) if each is not None]

    def given_to_predictions(self) -> tf.Tensor | None:
        """The optimizer's steps, and the gradient of the newest by channel: a vector of float64.

        None: the layer's bias is not what is added last to the predictions, or has too many
        channels; or there are several replicas, of whose rows one has a part.
        """
        model, bias = self._model(), None if self._layer is None else self._layer.bias()
        if model is None or bias is None or self._layer is None or self._replicas > 1:
            return None
        channels = int(bias.shape[0])
        if channels > MOST_CHANNELS or not makes_predictions(model, self._layer.layer):
            return None
        held = tf.convert_to_tensor(self._held)
        return tf.concat([held[_COUNTS, _STEPS : _STEPS + 1], held[_GIVEN, :channels]], axis=0)

    def loss_scale(self) -> float:
        """The number by which the optimizer of the newest step divides gradients; NaN: by none."""
        given_to = self._newest.optimizer
        optimizer = None if given_to is None else given_to()
        return float("nan") if optimizer is None else description.loss_scale(optimizer)

    def _wrap(self, optimizers: Sequence[Any]) -> None:
        known = [wrapped.target() for wrapped in self._optimizers]
        inner = [held for each in (*optimizers, *known) if each is not None for held in chain(each)]
        inner = [each for each in inner if not any(each is one for one in (*optimizers, *known))]
        wrapped_inside = [held for each in optimizers for held in chain(each)[1:]]
        name = "apply" if self._is_keras_3 else "apply_gradients"
        for optimizer in optimizers:
            seen = (*known, *wrapped_inside, *inner)
            full = len(self._optimizers) >= MOST_OPTIMIZERS
            if full or any(optimizer is each for each in seen) or not _is_keras(optimizer, name):
                continue
            self._optimizers.append(WrappedMethod(optimizer, name, self._around_apply, weak=True))
            known.append(optimizer)

    @tf.autograph.experimental.do_not_convert
    def _search(self) -> None:
        self._calls += 1
        if not self._newest.trained and self._search_due.is_due(self._calls):
            self._wrap(search.in_frames(sys._getframe(1)))

    def _around_call(self, run: Any, layer: Any, args: Any, kwargs: Any) -> Any:
        tapped = self._guard.attempt("gradients", self._tap)
        if tapped is None or self._layer is None:
            return run(layer, *args, **kwargs)
        attributes, name = vars(layer), self._layer.name  # past Keras' attribute tracking
        variable, attributes[name] = attributes[name], tapped
        try:
            return run(layer, *args, **kwargs)
        finally:
            attributes[name] = variable

    @tf.autograph.experimental.do_not_convert
    def _tap(self) -> Any:
        """The bias, through an identity; None: nothing is measured in this call."""
        if suspended() or context.is_symbolic() or context.is_exporting():
            return None
        if self._layer is None or not record.could_possibly_record():
            return None
        if self._places.have_several_tapes(sys._getframe(1)):
            return None
        bias = vars(self._layer.layer).get(self._layer.name)
        if bias is None:
            return None
        self._search()

        def seen(_: tf.Tensor, given: tf.Tensor) -> None:
            self._guard.attempt("gradients", self._add, given)

        return see_gradient(tf.convert_to_tensor(bias), seen, self._lose)

    def _lose(self) -> None:
        self._is_known = False

    @tf.autograph.experimental.do_not_convert
    def _add(self, given: tf.Tensor) -> None:
        # behind stop_gradient: a penalty on gradients differentiates what stands here, too
        summed = _padded(tf.stop_gradient(given))
        nothing = tf.zeros_like(summed)
        counts = _padded(tf.constant([self._new_passes()], tf.float64))
        self._held.assign_add(tf.stack([summed, nothing, nothing, counts]))

    def _new_passes(self) -> float:
        """1 for the first call of the layer in a pass, 0 for others; NaN: it cannot be told.

        Of a tape that is kept it is not known which of its gradients reach the optimizer.
        """
        tape = tape_of_pass(sys._getframe(1))
        if tape is None:
            return float("nan")
        if self._last.tape is not None and self._last.tape() is tape:
            return float("nan") if tape._persistent else 0.0
        self._last.tape = weakref.ref(tape)
        return 1.0

    def _around_apply(self, run: Any, optimizer: Any, args: Any, kwargs: Any) -> Any:
        if args and hasattr(args[0], "__next__"):  # a `zip` can be gone through once
            args = (list(args[0]), *args[1:])
        if not suspended():
            self._guard.attempt("gradients", self._hold, optimizer, args, kwargs)
        return run(optimizer, *args, **kwargs)

    @tf.autograph.experimental.do_not_convert
    def _hold(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        given = self._gradient_in(optimizer, args, kwargs)
        if given is None or not tf.is_tensor(given) or is_product(given):
            return
        reduced = kwargs.get("skip_gradients_aggregation", False)
        if reduced or not kwargs.get("experimental_aggregate_gradients", True):
            return  # the program adds up the replicas by itself, as it should
        if self._replicas > 1 and tf.distribute.in_cross_replica_context():
            return
        held = tf.convert_to_tensor(self._held)
        counts = held[_COUNTS]
        counted = tf.stack([tf.zeros((), tf.float64), counts[_NOW], counts[_STEPS] + 1.0])
        rows = [tf.zeros_like(counts), held[_SINCE], _padded(given), _padded(counted)]
        self._held.assign(tf.stack(rows))

    def _gradient_in(self, optimizer: Any, args: Any, kwargs: Any) -> Any:
        """The gradient of the bias among those given; None: it is not there."""
        bias = None if self._layer is None else self._layer.bias()
        if bias is None:
            return None
        pairs = given_pairs(optimizer, args, kwargs)
        same = (bias, getattr(bias, "value", None))
        found = [gradient for gradient, each in pairs if any(each is one for one in same)]
        if len(found) != 1:
            return None
        trained = [weakref.ref(each) for gradient, each in pairs if gradient is not None]
        self._newest = _Step(optimizer=weakref.ref(optimizer), trained=trained)
        return found[0]


def given_pairs(optimizer: Any, args: Any, kwargs: Any) -> list[tuple[Any, Any]]:
    """(gradient, variable) of each that `apply` of Keras 3, or `apply_gradients`, is given."""
    flavour = flavour_of_object(optimizer)
    if flavour is None or not flavour.is_keras_3:
        return list(args[0] if args else kwargs.get("grads_and_vars", ()))
    given = dict(zip(("grads", "trainable_variables"), args, strict=False)) | kwargs
    variables = given.get("trainable_variables")
    if variables is None:
        variables = getattr(optimizer, "_trainable_variables", ())
    return list(zip(given.get("grads", ()), variables, strict=False))


def _padded(vector: tf.Tensor) -> tf.Tensor:
    """A vector of a known length as float64 [MOST_CHANNELS]."""
    held = tf.cast(vector[:MOST_CHANNELS], tf.float64)
    return tf.pad(held, [[0, MOST_CHANNELS - int(held.shape[0])]])


def compare_vectors(given: Floats, passed: Floats) -> tuple[float, float]:
    """Factor and cosine of what was given to what came back."""
    product, squared = float((given * passed).sum()), float((passed * passed).sum())
    norm = float(np.sqrt(squared * (given * given).sum()))
    if not squared > 0.0 or not norm > 0.0:
        return float("nan"), float("nan")
    return product / squared, product / norm


def _is_keras(optimizer: Any, name: str) -> bool:
    """True where Keras itself applies the gradients: what another class does is not known."""
    module = str(getattr(getattr(type(optimizer), name, None), "__module__", ""))
    own = name not in getattr(optimizer, "__dict__", {name: None})
    return own and module.partition(".")[0] in ("keras", "tf_keras")

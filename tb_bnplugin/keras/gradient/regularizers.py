"""How often the regularizers of a model's weights are in what is differentiated.

An identity stands on the value of each regularizer that is called on a weight of the model. The
gradient that comes back through it is the number of times that the value is in the loss.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import record

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.calls import context
from tb_bnplugin.keras.calls.suspend import suspended
from tb_bnplugin.keras.flavour import flavour_of
from tb_bnplugin.keras.gradient import observed_class
from tb_bnplugin.keras.gradient.backward import see_gradient
from tb_bnplugin.keras.gradient.loss_scale import LossScale
from tb_bnplugin.keras.gradient.tapes import tape_of_pass
from tb_bnplugin.keras.losses.regularization import regularized_variables
from tb_bnplugin.keras.variables import create_for_replicas, local
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS

Floats = np.ndarray[Any, np.dtype[np.float64]]

MOST: Final = 32  # regularized weights that are looked at, spread over the model

_TIMES, _UNSCALED, _PASSES, _UNKNOWN = range(4)
"""The numbers that are added up for each: the gradient that came back, the same over the loss
scale, and in how many backward passes; and calls of which it is not known what they are of, or in
which pass."""


@dataclass(kw_only=True)
class _Term:
    """One weight of the model with a regularizer."""

    regularizer: Any
    variable: weakref.ref[Any]
    tape: Any = None  # a weak reference: whose pass came back last

    def is_of(self, called_on: Any) -> bool:
        variable = self.variable()
        same = (variable, getattr(variable, "value", None))
        return variable is not None and any(called_on is each for each in same)


@dataclass(kw_only=True)
class _Held:
    """The sums, made once there is something to add up."""

    sums: Any
    last: Floats
    is_known: bool = True  # all that came back was added up
    terms: list[_Term] = field(default_factory=list)

    def lose(self) -> None:
        self.is_known = False


class WatchedRegularizers:
    """Adds up what comes back to the regularizers of one model, in every backward pass."""

    def __init__(self, model: Any, strategy: Any, guard: Guard) -> None:
        self._model = weakref.ref(model)
        self._strategy = strategy
        self._guard = guard
        self._held: _Held | None = None
        self._scale = LossScale(getattr(model, "optimizer", None), flavour_of(model))
        self._observed: list[Any] = []
        self._are_all_seen = True  # no call in a pass gave what cannot be measured

    def begin(self) -> None:
        """Give the regularizers classes of their own, for what is traced from now on."""
        model = self._model()
        if self._observed or model is None:
            return
        terms = _terms(model)
        if not terms:
            return
        if self._held is None or not _same(self._held.terms, terms):
            nothing = np.zeros((len(terms), 4))
            sums = create_for_replicas(nothing, self._strategy, "bn_regularizers")
            self._held = _Held(sums=sums, last=nothing, terms=terms)
        self._scale = LossScale(getattr(model, "optimizer", None), flavour_of(model))
        self._scale.begin()
        tap = weakref.WeakMethod(self._tapped)

        def changed(regularizer: Any, first: Any, value: Any) -> Any:
            method = tap()
            return value if method is None else method(regularizer, first, value)

        for regularizer in {id(term.regularizer): term.regularizer for term in terms}.values():
            observed_class.observe_calls(regularizer, changed)
            self._observed.append(regularizer)

    def end(self) -> None:
        """Give the regularizers their own classes back; traced functions go on adding up."""
        for regularizer in self._observed:
            observed_class.release(regularizer)
        self._observed = []
        self._scale.end()

    def take(self, trained: Sequence[Any] = ()) -> Floats | None:
        """The times since the call before, float64 [GRADIENT_COLUMNS]; None: not known.

        Args:
            trained: variables whose gradients an optimizer got since then. Where nothing came back,
                those of the regularized weights that are among them have their regularizers left
                out; without any it is not known.
        """
        if self._held is None or not self._held.is_known:
            return None
        sums = np.asarray(local(self._held.sums), np.float64)
        new, self._held.last = sums - self._held.last, sums
        reached = new[:, _PASSES] > 0
        if (new[:, _UNKNOWN] > 0).any():
            return None
        if not reached.any():
            count = sum(any(term.is_of(each) for each in trained) for term in self._held.terms)
            return _row(count, np.zeros(0)) if count and self._are_all_seen else None
        given = new[:, _UNSCALED if self._scale.is_taken_off else _TIMES]
        return _row(len(new), given[reached] / new[reached, _PASSES])

    @tf.autograph.experimental.do_not_convert
    def _tapped(self, regularizer: Any, first: Any, value: Any) -> Any:
        tapped = self._guard.attempt("gradients", self._tap, regularizer, first, value)
        return value if tapped is None else tapped

    def _tap(self, regularizer: Any, first: Any, value: Any) -> Any:
        """The value, through an identity; None: nothing is measured in this call."""
        if self._held is None or not record.could_possibly_record():
            return None
        if suspended() or context.is_symbolic() or context.is_exporting():
            return None
        if not tf.is_tensor(value) or not value.dtype.is_floating or value.shape.rank != 0:
            self._are_all_seen = False
            return None
        own = [at for at, term in enumerate(self._held.terms) if term.regularizer is regularizer]
        found = [at for at in own if self._held.terms[at].is_of(first)]
        if not found and _is_variable(first):
            return None  # of another model, or that is not looked at
        # a tensor may be one of the weights, cast: then it is not known how often each counts
        at, is_known = (found or own)[0], bool(found)

        def seen(_: tf.Tensor, given: tf.Tensor) -> None:
            self._guard.attempt("gradients", partial(self._add, at, given, is_known=is_known))

        return see_gradient(value, seen, self._held.lose)

    @tf.autograph.experimental.do_not_convert
    def _add(self, at: int, given: tf.Tensor, *, is_known: bool) -> None:
        if self._held is None:
            return
        times = tf.cast(tf.stop_gradient(given), tf.float64)
        term, tape = self._held.terms[at], tape_of_pass(sys._getframe(1))
        # a tape that is kept may make several passes, which cannot be told apart
        is_known = is_known and tape is not None and not tape._persistent
        new = is_known and (term.tape is None or term.tape() is not tape)
        if new:
            term.tape = weakref.ref(tape)
        one, none = tf.ones((), tf.float64), tf.zeros((), tf.float64)
        unscaled = times / self._scale.value()
        row = tf.stack([times, unscaled, one if new else none, none if is_known else one])
        place = tf.one_hot(at, len(self._held.terms), dtype=tf.float64)
        self._held.sums.assign_add(place[:, tf.newaxis] * row)


def _row(regularizers: int, times: Floats) -> Floats:
    """A record: of so many regularized weights, and how often the regularizer of each came back."""
    measured = {
        "regularizers": float(regularizers),
        "regularizers_reached": float(len(times)),
        "regularizer_times_least": float(times.min()) if len(times) else 0.0,
        "regularizer_times_most": float(times.max(initial=0.0)),
    }
    return np.array([measured.get(name, np.nan) for name in GRADIENT_COLUMNS], np.float64)


def _terms(model: Any) -> list[_Term]:
    """The regularized weights of a model; none where one has a regularizer of another kind."""
    flavour = flavour_of(model)
    found = regularized_variables(model)
    if not all(isinstance(each, flavour.keras.regularizers.Regularizer) for each, _ in found):
        return []
    some = np.unique(np.linspace(0, len(found) - 1, min(len(found), MOST)).astype(int))
    return [
        _Term(regularizer=found[at][0], variable=weakref.ref(found[at][1])) for at in some.tolist()
    ]


def _same(terms: list[_Term], others: list[_Term]) -> bool:
    pairs = zip(terms, others, strict=False)
    return len(terms) == len(others) and all(
        one.regularizer is other.regularizer and one.is_of(other.variable()) for one, other in pairs
    )


def _is_variable(value: Any) -> bool:
    return isinstance(value, tf.Variable) or hasattr(value, "assign")

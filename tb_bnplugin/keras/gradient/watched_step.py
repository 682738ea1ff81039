"""A model whose own `train_step` is watched: what it differentiates is measured."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.calls import context
from tb_bnplugin.keras.calls.suspend import suspended
from tb_bnplugin.keras.flavour import Flavour, flavour_of
from tb_bnplugin.keras.gradient.loss_scale import LossScale
from tb_bnplugin.keras.gradient.methods import WrappedMethod
from tb_bnplugin.keras.gradient.reference import Reference
from tb_bnplugin.keras.gradient.tap import (
    MOST_OUTPUTS,
    SUMS,
    Tap,
    columns_of,
    count_step,
    create_sums,
)
from tb_bnplugin.keras.losses.compiled import loss_container
from tb_bnplugin.keras.losses.options import LossOptions
from tb_bnplugin.keras.losses.outputs import parts_of
from tb_bnplugin.keras.losses.sampled import SampledSteps
from tb_bnplugin.keras.losses.step_values import StepValues
from tb_bnplugin.keras.losses.structure import leaves, map_leaves
from tb_bnplugin.keras.model.describe import overrides_train_step
from tb_bnplugin.keras.variables import local
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, kw_only=True)
class _Compiled:
    """The losses of a model and their weights, as they were given to `compile`."""

    losses: Any  # one, or a structure of them
    weights: Any  # of the losses


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """The data of the train step that is being traced, or runs."""

    labels: Any
    weights: Any
    compiled: _Compiled


class _Present(threading.local):
    batch: _Batch | None = None


class WatchedStep:
    """Measures the gradient at the predictions, while `fit` runs the model's own `train_step`.

    Measured are models with compiled losses, called once a step on the batch, against Keras' sum
    of the means by output, each with its weight. A model whose `train_step` is Keras' own
    differentiates the compiled loss: nothing is measured.
    """

    def __init__(self, model: Any, strategy: Any, guard: Guard) -> None:
        self._model = weakref.ref(model)
        self._flavour: Flavour = flavour_of(model)
        self._guard = guard
        self._present = _Present()
        self._sums = create_sums(strategy)
        self._sampled = SampledSteps(strategy)
        self.values = StepValues(strategy)
        self._last = np.zeros((MOST_OUTPUTS, len(SUMS)))
        self._outputs: set[int] = set()  # that have been tapped
        self._unknown: set[int] = set()  # to which a gradient came that cannot be compared
        self._scale = LossScale(getattr(model, "optimizer", None), self._flavour)
        self._wrapped: list[WrappedMethod] = []
        self.before_call: Callable[[Any], None] | None = None
        """Is given the model before a train step calls it: its layers may be new."""

    @staticmethod
    def suits(model: Any) -> bool:
        """True where the model has a `train_step` of its own and a compiled loss."""
        return overrides_train_step(model) and _compiled(model) is not None

    def begin(self) -> None:
        """Wrap the model's methods, for what is traced from now on."""
        model = self._model()
        if not self._wrapped and model is not None:
            self._scale = LossScale(getattr(model, "optimizer", None), self._flavour)
            self._scale.begin()
            self._wrapped = [
                WrappedMethod(model, "train_step", self._around_step),
                WrappedMethod(model, "call", self._around_call),
            ]

    def end(self) -> None:
        """Give the model its own methods back; traced functions go on adding up."""
        for wrapped in reversed(self._wrapped):
            wrapped.restore()
        self._wrapped = []
        self._scale.end()

    def take(self) -> Floats | None:
        """The measurement since the one before, float64 [GRADIENT_COLUMNS]; None: nothing came."""
        sums = np.asarray(local(self._sums), np.float64)
        rows, self._last = (sums - self._last)[sorted(self._outputs)], sums
        if not len(rows) or self._unknown:
            return None
        measured = columns_of(rows, is_unscaled=self._scale.is_taken_off)
        if measured is None:
            return None
        return np.array([measured.get(name, np.nan) for name in GRADIENT_COLUMNS], np.float64)

    def _around_step(self, run: Any, model: Any, args: Any, kwargs: Any) -> Any:
        before = self._present.batch
        self._present.batch = self._guard.attempt("losses", self._batch_of, model, args, kwargs)
        try:
            return run(model, *args, **kwargs)
        finally:
            self._present.batch = before

    def _around_call(self, run: Any, model: Any, args: Any, kwargs: Any) -> Any:
        if self._present.batch is not None:
            self._guard.attempt("gradients", self._announce, model)
        outputs = run(model, *args, **kwargs)
        batch, self._present.batch = self._present.batch, None  # the first call of a step alone
        if batch is None:
            return outputs
        tapped = self._guard.attempt("losses", self._tap, model, batch, outputs)
        return outputs if tapped is None else tapped

    @tf.autograph.experimental.do_not_convert
    def _announce(self, model: Any) -> None:
        if self.before_call is not None:
            self.before_call(model)

    @tf.autograph.experimental.do_not_convert
    def _batch_of(self, model: Any, args: Any, kwargs: Any) -> _Batch | None:
        if suspended() or context.is_symbolic() or context.is_exporting():
            return None
        data = args[0] if args else kwargs.get("data")
        compiled = _compiled(model)
        _, labels, weights = self._flavour.keras.utils.unpack_x_y_sample_weight(data)
        known = [tf.is_tensor(each) for _, each in leaves(labels)]
        ragged = any(isinstance(each, tf.RaggedTensor) for _, each in leaves(labels))
        if compiled is None or ragged or not known or not all(known):
            return None
        return _Batch(labels=labels, weights=weights, compiled=compiled)

    @tf.autograph.experimental.do_not_convert
    def _tap(self, model: Any, batch: _Batch, outputs: Any) -> Any:
        if type(outputs) not in (dict, list, tuple) and not tf.is_tensor(outputs):
            return None
        given = [each for _, each in leaves(outputs)]
        names = tuple(getattr(model, "output_names", None) or ())
        options = LossOptions(
            sample_weight=batch.weights, output_names=names, value=batch.compiled.weights
        )
        parts = parts_of(batch.compiled.losses, batch.labels, outputs, options)
        floating = [tf.is_tensor(each) and each.dtype.is_floating for each in given]
        if not all(floating) or not 0 < len(parts) <= len(given) <= MOST_OUTPUTS:
            return None
        due = self._sampled.is_due(given)
        count_step(self._sums, due)
        of = {id(part.predictions): part for part in parts}
        places = iter(range(len(given)))

        def tapped(predictions: tf.Tensor) -> tf.Tensor:
            at, part = next(places), of.get(id(predictions))
            if part is None:
                return predictions
            self._outputs.add(at)
            reference = Reference(part, self._flavour)
            if len(given) == 1:
                self._guard.attempt("losses", self.values.add, predictions, reference.value, due)
            scale, unknown = self._scale.value, partial(self._unknown.add, at)
            tap = Tap(reference, scale, self._sums, at, self._guard, due)
            return tap.on(predictions, unknown)

        return map_leaves(tapped, outputs)


def _compiled(model: Any) -> _Compiled | None:
    """The losses that the model is compiled with; None: there is none."""
    container = loss_container(model)
    if container is None:
        return None
    name = "_user_loss" if flavour_of(model).is_keras_3 else "_user_losses"
    losses = getattr(container, name, None)
    if not any(loss is not None for _, loss in leaves(losses)):
        return None
    return _Compiled(losses=losses, weights=getattr(container, "_user_loss_weights", None))

"""A model whose own `train_step` is watched: what it differentiates is measured."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.calls import context
from tb_bnplugin.keras.calls.suspend import suspend, suspended
from tb_bnplugin.keras.flavour import Flavour, flavour_of
from tb_bnplugin.keras.gradient.methods import WrappedMethod
from tb_bnplugin.keras.gradient.tap import SUMS, count_step, create_sums, tap
from tb_bnplugin.keras.losses.compiled import loss_container
from tb_bnplugin.keras.losses.resolve import resolve, weighted_mean
from tb_bnplugin.keras.losses.step_values import StepValues
from tb_bnplugin.keras.model.describe import overrides_train_step
from tb_bnplugin.keras.variables import local
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """The data of the train step that is being traced, or runs."""

    labels: Any
    weights: Any
    loss: Any  # as given to `compile`


class _Present(threading.local):
    batch: _Batch | None = None


class WatchedStep:
    """Measures the gradient at the predictions, while `fit` runs the model's own `train_step`.

    Measured are models with one output and one compiled loss, called once a step on the batch. A
    model whose `train_step` is Keras' own differentiates the compiled loss: nothing is measured.
    """

    def __init__(self, model: Any, strategy: Any, guard: Guard) -> None:
        self._model = weakref.ref(model)
        self._flavour: Flavour = flavour_of(model)
        self._guard = guard
        self._present = _Present()
        self._sums = create_sums(strategy)
        self._last = np.zeros(len(SUMS))
        self.values = StepValues(strategy)
        self._wrapped: list[WrappedMethod] = []

    @staticmethod
    def suits(model: Any) -> bool:
        """True where the model has a `train_step` of its own and one compiled loss."""
        return overrides_train_step(model) and _compiled_loss(model) is not None

    def begin(self) -> None:
        """Wrap the model's methods, for what is traced from now on."""
        model = self._model()
        if not self._wrapped and model is not None:
            self._wrapped = [
                WrappedMethod(model, "train_step", self._around_step),
                WrappedMethod(model, "call", self._around_call),
            ]

    def end(self) -> None:
        """Give the model its own methods back; traced functions go on adding up."""
        for wrapped in reversed(self._wrapped):
            wrapped.restore()
        self._wrapped = []

    def take(self) -> Floats | None:
        """The measurement since the one before, float64 [GRADIENT_COLUMNS]; None: nothing came."""
        sums = np.asarray(local(self._sums), np.float64)
        new, self._last = dict(zip(SUMS, sums - self._last, strict=True)), sums
        if not new["passes"] or not new["reference_squared"] > 0:
            return None
        norms = np.sqrt(new["reference_squared"] * new["given_squared"])
        measured = {
            "factor": new["given_by_reference"] / new["reference_squared"],
            "cosine": new["given_by_reference"] / norms if norms else np.nan,
            "steps": new["steps"],
            "passes": new["passes"],
        }
        return np.array([measured.get(name, np.nan) for name in GRADIENT_COLUMNS], np.float64)

    def _around_step(self, run: Any, model: Any, args: Any, kwargs: Any) -> Any:
        before = self._present.batch
        self._present.batch = self._guard.attempt("losses", self._batch_of, model, args, kwargs)
        try:
            return run(model, *args, **kwargs)
        finally:
            self._present.batch = before

    def _around_call(self, run: Any, model: Any, args: Any, kwargs: Any) -> Any:
        outputs = run(model, *args, **kwargs)
        batch, self._present.batch = self._present.batch, None  # the first call of a step alone
        if batch is None:
            return outputs
        tapped = self._guard.attempt("losses", self._tap, model, batch, outputs)
        return outputs if tapped is None else tapped

    @tf.autograph.experimental.do_not_convert
    def _batch_of(self, model: Any, args: Any, kwargs: Any) -> _Batch | None:
        if suspended() or context.is_symbolic() or context.is_exporting():
            return None
        data = args[0] if args else kwargs.get("data")
        loss = _compiled_loss(model)
        _, labels, weights = self._flavour.keras.utils.unpack_x_y_sample_weight(data)
        if loss is None or not tf.is_tensor(labels) or isinstance(labels, tf.RaggedTensor):
            return None
        count_step(self._sums)
        return _Batch(labels=labels, weights=weights, loss=loss)

    @tf.autograph.experimental.do_not_convert
    def _tap(self, model: Any, batch: _Batch, outputs: Any) -> Any:
        if not tf.is_tensor(outputs) or not outputs.dtype.is_floating:
            return None
        resolved = resolve(batch.loss, self._flavour.keras)

        def reference(predictions: tf.Tensor) -> tf.Tensor:
            labels = tf.stop_gradient(batch.labels)
            if resolved.per_element is None:
                with suspend():
                    values = resolved.evaluate(labels, predictions, None)
            else:
                if predictions.dtype.is_floating and labels.dtype != predictions.dtype:
                    labels = tf.cast(labels, predictions.dtype)
                values = resolved.per_element(labels, predictions)
            return weighted_mean(tf.convert_to_tensor(values), batch.weights)

        self._guard.attempt("losses", self.values.add, outputs, reference)
        return tap(outputs, reference, _loss_scale(model.optimizer, self._flavour), self._sums)


def _compiled_loss(model: Any) -> Any:
    """The one loss that the model is compiled with, as it was given; None: none, or several."""
    container = loss_container(model)
    if container is None:
        return None
    name = "_user_loss" if flavour_of(model).is_keras_3 else "_user_losses"
    losses = [loss for loss in tf.nest.flatten(getattr(container, name, None)) if loss is not None]
    return losses[0] if len(losses) == 1 else None


def _loss_scale(optimizer: Any, flavour: Flavour) -> Any:
    """The number by which the optimizer itself divides gradients; tf_keras' divides by none."""
    if not flavour.is_keras_3:
        return 1.0
    scale = getattr(optimizer, "dynamic_scale", None)
    if scale is not None:
        return tf.convert_to_tensor(scale)
    return getattr(optimizer, "loss_scale_factor", None) or 1.0

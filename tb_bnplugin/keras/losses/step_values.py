"""The compiled loss on the batches that an own `train_step` gets: what `fit` should show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import record

from tb_bnplugin.keras.losses.regularization import weight_regularization
from tb_bnplugin.keras.losses.sampled import where_due
from tb_bnplugin.keras.variables import create_for_replicas, local

SUMS: Final = (
    "steps",
    "loss",
    "loss_squared",
    "rows",
    "loss_by_rows",
    "predictions",
    "last",
    "made",
)
"""The sums, float64 each: of train steps that were measured; Keras' mean of the compiled loss, and
its square; rows; the loss times the rows; the mean of the predictions times the rows. And the
newest loss, and the steps that were made."""


class StepValues:
    """The compiled loss of train steps, on the predictions that the step itself makes."""

    def __init__(self, strategy: Any) -> None:
        self._sums = create_for_replicas(np.zeros(len(SUMS)), strategy, "bn_step_loss")
        self._before = np.zeros(len(SUMS))

    def add(
        self,
        predictions: tf.Tensor,
        loss: Callable[[tf.Tensor], tf.Tensor],
        due: tf.Tensor | None = None,
    ) -> None:
        """Add up the loss of one batch; no gradient goes through what is computed here.

        Args:
            predictions: [rows, ...], of a floating dtype.
            loss: Keras' mean of the loss, of predictions.
            due: whether this step is measured; None: it is.
        """
        one = tf.ones((), tf.float64)

        def measure() -> tf.Tensor:
            value = tf.cast(loss(at), tf.float64)
            mean = tf.reduce_mean(tf.cast(at, tf.float64))
            rows = tf.cast(tf.shape(at)[0], tf.float64)
            newest = value - self._sums[SUMS.index("last")]
            return tf.stack([one, value, value * value, rows, value * rows, mean * rows, newest])

        with record.stop_recording():
            at = tf.stop_gradient(predictions)
            measured = where_due(due, measure, len(SUMS) - 1)
            self._sums.assign_add(tf.concat([measured, [one]], axis=0))

    def begin(self) -> None:
        """Leave out what was added up before."""
        self._before = self._read()

    def take(self) -> dict[str, float]:
        """The means since the call before; {} where no step was made in between.

        The keys are columns of a record of a gradient.
        """
        sums = self._read()
        new = dict(zip(SUMS, sums - self._before, strict=True))
        self._before = sums
        if not new["made"]:
            return {}
        if not (new["steps"] > 0 and new["rows"] > 0):
            return {"compiled_steps": 0.0, "epoch_steps": new["made"]}
        mean = new["loss"] / new["steps"]
        return {
            "compiled_steps": new["steps"],
            "epoch_steps": new["made"],
            "compiled_by_steps": mean,
            "compiled_by_rows": new["loss_by_rows"] / new["rows"],
            "compiled_last": float(sums[SUMS.index("last")]),
            "compiled_deviation": float(
                np.sqrt(max(new["loss_squared"] / new["steps"] - mean**2, 0.0))
            ),
            "predictions_mean": new["predictions"] / new["rows"],
        }

    def _read(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.asarray(local(self._sums), np.float64)


def added_losses(model: Any) -> Mapping[str, float]:
    """The losses that a model adds, as columns: the regularizers now, and if there is more."""
    kinds = ("_losses", "_eager_losses")
    layers = model._flatten_layers()
    others = any(
        getattr(layer, "activity_regularizer", None) is not None
        or any(getattr(layer, kind, ()) for kind in kinds)
        for layer in layers
    )
    return {
        "regularization": float(weight_regularization(model)),
        "other_losses": float(others),
    }

"""The gradient that an optimizer was given, against that of the loss that a loop hands over.

The bias of a last layer without an activation gets the gradient of its predictions, summed over all
places: where labels and predictions of the step are at hand, no pass has to be made for it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.calls.suspend import suspend
from tb_bnplugin.keras.flavour import Flavour
from tb_bnplugin.keras.gradient.applied import AppliedGradients, compare_vectors
from tb_bnplugin.keras.gradient.reference import Reference
from tb_bnplugin.keras.losses.options import LossOptions
from tb_bnplugin.keras.losses.outputs import Part
from tb_bnplugin.keras.losses.structure import is_structure, why_unmeasured
from tb_bnplugin.schedule import growing
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS

Floats = np.ndarray[Any, np.dtype[np.float64]]

GROWTH: Final = 1.1
"""Of the steps between two comparisons."""


class GivenGradients:
    """Compares what the newest step of an optimizer was given with the loss of its batch."""

    def __init__(self, applied: AppliedGradients, flavour: Flavour) -> None:
        self._applied = applied
        self._flavour = flavour
        self._due = growing(GROWTH)

    def measure(self, loss: Any, y_true: Any, y_pred: Any, weights: Any) -> Floats | None:
        """The comparison, float64 [GRADIENT_COLUMNS]; None: there is none.

        Eager calls alone: within a traced step one more variable that is read would change in
        which order the other ops of the step run.

        Args:
            loss: as `summary.loss_reduction` takes it.
            y_true: labels.
            y_pred: predictions.
            weights: of the samples, or None.
        """
        if not tf.executing_eagerly():
            return None
        data = [y_true, y_pred, *([] if weights is None else [weights])]
        if any(is_structure(each) or why_unmeasured(each, "data") is not None for each in data):
            return None
        given = self._applied.given_to_predictions()
        if given is None:
            return None
        try:
            given, *data = (tf.convert_to_tensor(each) for each in (given, *data))
            if not self._fits(given, data[1]) or not self._due.is_due(float(given[0])):
                return None
            with suspend():
                return self._compare(loss, *(each.numpy() for each in (given[1:], *data)))
        except Exception:  # noqa: BLE001  # a loss may fail on some batch: nothing is compared
            return None

    @staticmethod
    def _fits(given: tf.Tensor, predictions: tf.Tensor) -> bool:
        """True where the gradient that was given is of all channels of the predictions."""
        channels, shape = len(given) - 1, predictions.shape
        return channels == 1 or (len(shape) > 1 and shape[-1] == channels)

    def _compare(
        self, loss: Any, vector: Floats, labels: Any, predictions: Any, weights: Any = None
    ) -> Floats:
        channels = len(vector)
        at = tf.constant(predictions)
        options = LossOptions(sample_weight=None if weights is None else tf.constant(weights))
        part = Part(loss=loss, labels=tf.constant(labels), predictions=at, options=options)
        reference = np.asarray(Reference(part, self._flavour).gradient(at), np.float64)
        summed = reference.reshape(-1, channels).sum(axis=0)
        factor, cosine = compare_vectors(vector, summed)
        columns = {
            "given_factor": factor,
            "given_cosine": cosine,
            "given_channels": float(channels),
            "given_scale": self._applied.loss_scale(),
        }
        return np.array([columns.get(name, np.nan) for name in GRADIENT_COLUMNS], np.float64)

"""Predictions that carry the logits which they were made of: Keras takes those in their stead."""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf

_ACTIVATIONS: Final = ("Softmax", "Sigmoid")


def carries_logits(predictions: Any) -> bool | None:
    """True where a Keras loss of probabilities looks behind the activation that made them.

    Keras does so for a tensor that its own softmax or sigmoid returned, and in a graph for what
    such an operation returned, with `from_logits=True` too. A cast or an identity in between hides
    the logits from it. None where it is not known: several tensors.
    """
    if not tf.is_tensor(predictions) or isinstance(predictions, tf.RaggedTensor):
        return None if tf.nest.is_nested(predictions) else False
    if predictions.dtype not in (tf.float32, tf.float64):
        return False  # a loss casts low precision
    if getattr(predictions, "_keras_logits", None) is not None:
        return True
    symbolic = not hasattr(predictions, "numpy")
    return symbolic and predictions.op.type in _ACTIVATIONS

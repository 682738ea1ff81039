"""The attributes of a tensor of either Keras: its mask, and the logits behind it.

A loss of Keras takes the logits of a softmax or a sigmoid in the place of its predictions, so that
the gradient does not pass the predictions: it is seen at the logits, too.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, Literal

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.gradient.folded import may_be_folded
from tb_bnplugin.keras.losses.logits import carries_logits

Activation = Callable[[tf.Tensor], tf.Tensor]

LOGITS: Final = "_keras_logits"
"""Attribute of a tensor that Keras made of logits."""

ACTIVATIONS: Final[dict[str, Activation]] = {"Softmax": tf.nn.softmax, "Sigmoid": tf.math.sigmoid}
"""By the type of their operation, in an order that stays."""

_ROUNDED: Final = 1e-2  # in half precision


class Known(Enum):
    """Knowledge of the activation of predictions that carry logits."""

    NOT = "not known"


UNKNOWN: Final = Known.NOT


def activation_of(predictions: tf.Tensor) -> Activation | Literal[Known.NOT] | None:
    """The function that makes predictions of the logits that they carry; None: they carry none.

    Predictions of an activation that is not known are left as they are; and those whose gradient
    may be folded.
    """
    if may_be_folded(predictions):
        return UNKNOWN
    logits = getattr(predictions, LOGITS, None)
    if logits is None:
        # an operation of TensorFlow's own is looked behind, too, and there only as what it is
        return UNKNOWN if carries_logits(predictions) else None
    if logits.shape.rank != predictions.shape.rank or not logits.dtype.is_floating:
        return UNKNOWN
    if isinstance(predictions, tf.__internal__.EagerTensor):
        made = np.asarray(predictions, np.float64)
        for activation in ACTIVATIONS.values():
            again = np.asarray(activation(logits), np.float64)
            if again.shape == made.shape and np.allclose(again, made, rtol=0.0, atol=_ROUNDED):
                return activation
        return UNKNOWN
    return ACTIVATIONS.get(predictions.op.type, UNKNOWN)


def with_attributes(
    predictions: tf.Tensor,
    tapped: Callable[[tf.Tensor, Activation | None], tf.Tensor],
    activation: Activation | None,
) -> tf.Tensor:
    """The tapped predictions, with all that Keras reads of the predictions themselves.

    Args:
        predictions: as the model made them.
        tapped: gives a tensor unchanged that sees the gradient; is told what makes predictions of
            it, None where it holds the predictions.
        activation: of `activation_of`.
    """
    result = tapped(predictions, None)
    for name, value in getattr(predictions, "__dict__", {}).items():
        if name.startswith("_keras_"):
            setattr(result, name, value)
    if activation is not None:
        setattr(result, LOGITS, tapped(getattr(predictions, LOGITS), activation))
    return result

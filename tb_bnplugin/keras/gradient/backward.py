"""An identity that sees the gradient which comes back through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tb_bnplugin.keras.gradient.tapes import is_behind_a_branch


def see_gradient(
    value: tf.Tensor,
    seen: Callable[[tf.Tensor, tf.Tensor], None],
    unknown: Callable[[], None],
) -> tf.Tensor:
    """The value, unchanged.

    Args:
        value: of a floating dtype.
        seen: is called with the value and the gradient that comes back, in each backward pass.
        unknown: is called in its place where nothing can be added up: see `is_behind_a_branch`.
    """

    @tf.custom_gradient
    def identity(values: tf.Tensor) -> Any:
        def gradient(given: tf.Tensor) -> tf.Tensor:
            if is_behind_a_branch():
                unknown()
            else:
                seen(values, given)
            return given

        return tf.identity(values), gradient

    result: tf.Tensor = identity(value)
    return result

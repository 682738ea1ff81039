"""The value of a variable of either Keras."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def local(variable: Any) -> Any:
    """The value of a variable of either Keras, of the first replica where there are several."""
    if variable is None:
        return None
    value = getattr(variable, "value", None)
    if isinstance(value, tf.Variable) or hasattr(value, "values"):
        variable = value  # a Keras 3 variable holds a TensorFlow one
    copies = getattr(variable, "values", None)
    if copies is not None and not callable(copies):
        variable = copies[0]
    return tf.convert_to_tensor(variable)

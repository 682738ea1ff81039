"""The value of a variable of either Keras."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import tensorflow as tf


def local(variable: Any) -> Any:
    """The value of a variable of either Keras, of the first replica where there are several."""
    return None if variable is None else tf.convert_to_tensor(copies(variable)[0])


def copies(variable: Any) -> Sequence[Any]:
    """The TensorFlow variables behind one of either Keras: one for each replica of this process.

    Each is read by itself, without a reduction over the replicas.
    """
    value = getattr(variable, "value", None)
    if isinstance(value, tf.Variable) or hasattr(value, "values"):
        variable = value  # a Keras 3 variable holds a TensorFlow one
    values = getattr(variable, "values", None)
    return (variable,) if values is None or callable(values) else tuple(values)


def is_alone(strategy: Any) -> bool:
    """Return True where this process has one replica of those of several processes."""
    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return several and len(strategy.extended.worker_devices) == 1


def made_by_this_process(strategy: Any) -> AbstractContextManager[Any]:
    """Where variables for the replicas of this process are made.

    Under a strategy of several processes a variable waits for all of them to make it, so that one
    that watches alone would wait for ever. With one replica here, a variable of its own will do.
    """
    scope: AbstractContextManager[Any] = nullcontext() if is_alone(strategy) else strategy.scope()
    return scope

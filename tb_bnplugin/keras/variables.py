"""The value of a variable of either Keras, and variables of our own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy.typing as npt
import tensorflow as tf


def local(variable: Any) -> Any:
    """The value of a variable of either Keras, of the first replica where there are several."""
    return None if variable is None else tf.convert_to_tensor(copies(variable)[0])


def read_count(variable: Any) -> int:
    """The present value of a scalar variable, at a third of what a conversion takes."""
    first = copies(variable)[0]
    if not (tf.executing_eagerly() and isinstance(first, tf.Variable)):
        return int(local(variable))
    return int(tf.raw_ops.ReadVariableOp(resource=first.handle, dtype=first.dtype))


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


def create_for_replicas(
    initial: npt.NDArray[Any], strategy: Any, name: str, device: str | None = None
) -> tf.Variable:
    """A variable with a copy for each replica of this process, of which the first is read.

    Under a strategy of several processes a variable waits for all of them to make it, so that one
    that watches alone would wait for ever. With one replica here, a variable of its own will do.

    Args:
        initial: its value and dtype.
        strategy: of the model.
        name: of the variable.
        device: where a variable without copies is placed; TensorFlow's choice if None.
    """
    alone = is_alone(strategy)
    scope: AbstractContextManager[Any] = nullcontext() if alone else strategy.scope()
    with tf.init_scope(), scope:
        if alone or strategy.num_replicas_in_sync == 1:
            with tf.device(device):
                return tf.Variable(initial, trainable=False, name=name)
        # The first replica stands for all: a sum cannot be read by one replica alone.
        return tf.Variable(
            initial,
            trainable=False,
            name=name,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

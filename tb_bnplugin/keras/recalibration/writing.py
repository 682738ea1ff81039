"""Writing new statistics into a model, all or none, and telling who compares them."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tb_bnplugin.keras.identity import WeakIdentityDict
from tb_bnplugin.keras.variables import copies

Floats = npt.NDArray[np.float64]


class Listener(Protocol):
    """Compares the statistics of a model, and has to know that they were written here."""

    def statistics_written(self) -> None:
        """The statistics of the model were recalibrated."""


_listeners: WeakIdentityDict[weakref.ref[Listener]] = WeakIdentityDict()


def listen(model: Any, listener: Listener | None) -> None:
    """Tell a listener, which is not kept alive, whenever statistics were written; None: nobody."""
    if listener is None:
        _listeners.pop(model)
    else:
        _listeners.set(model, weakref.ref(listener))


def write(model: Any, layers: Mapping[str, Any], statistics: Mapping[str, Floats]) -> str | None:
    """Write them into every replica; return why not, where a dtype cannot hold them.

    Args:
        model: of the layers.
        layers: by path.
        statistics: [2, channels], mean and variance, of those that are written.
    """
    values: list[tuple[Any, tf.Tensor]] = []
    for path, (mean, variance) in statistics.items():
        for variable, value in _variables(layers[path], mean, variance):
            for part in copies(variable):
                typed = tf.cast(tf.reshape(tf.constant(value), part.shape), part.dtype)
                if not np.isfinite(np.asarray(typed, np.float64)).all():
                    return f"the statistics of {path} are beyond {part.dtype.name}"
                values.append((part, typed))
    before = [(part, tf.identity(part.read_value())) for part, _ in values]
    try:
        for part, value in values:
            part.assign(value)
    except BaseException:
        for part, value in before:
            part.assign(value)
        raise
    reference = _listeners.get(model)
    listener = None if reference is None else reference()
    if listener is not None:
        listener.statistics_written()
    return None


def _variables(layer: Any, mean: Floats, variance: Floats) -> list[tuple[Any, Floats]]:
    pairs = [(layer.moving_mean, mean), (layer.moving_variance, variance)]
    if getattr(layer, "renorm", False):
        # What renormalization trains against: averages of the mean and standard deviation.
        deviation = np.sqrt(variance + float(layer.epsilon))
        renorm = {"moving_stddev": deviation, "renorm_mean": mean, "renorm_stddev": deviation}
        for name, value in renorm.items():
            variable = getattr(layer, name, None)
            if variable is not None:
                pairs.append((variable, value))
    return pairs

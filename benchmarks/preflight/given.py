"""What a loop hands to its step, as preflight takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Given:
    """A batch of a loop."""

    x: Any
    y: Any
    weights: Any  # of the rows
    batch: tuple[Any, ...] | None  # what the step is called with, where that is not (x, y)

    def of(self, model: Any) -> Any:
        """The inputs of a model: where a step takes several, the first that fits it."""
        wanted = getattr(model, "input_shape", None)
        if self.batch is None or not isinstance(wanted, tuple):
            return self.x
        alike = (each for each in self.batch if tuple(each.shape[1:]) == wanted[1:])
        return next(alike, self.x)


def whole(value: Any) -> Any:
    """A value of all replicas as one, as `preflight` divides it itself."""
    if isinstance(value, tf.distribute.DistributedValues):
        return tf.concat(value.values, 0)
    return value

"""The steps of a model that are measured: each one, unless its predictions are many numbers.

To compare a gradient, the loss of a batch is evaluated and differentiated once more. On ten classes
that is nothing beside the step, and on a vocabulary it is as much as all the rest of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.variables import create_for_replicas

FEW_A_ROW: Final = 128  # numbers that a row predicts: every step is measured
FEW_A_BATCH: Final = 2**15  # the same of a batch

DENSE_STEPS: Final = 32
"""Every step up to here, of a model whose predictions are more."""

GAP: Final = 128
"""Steps from then on, so that what takes as long as a step takes less than 1 % of the training."""

_STEPS, _FEWEST, _MOST = range(3)
"""Places of what is held: steps so far; fewest and most predictions of a batch."""


class SampledSteps:
    """Chooses the steps of one model that are measured.

    Measured is the first batch that is smaller or larger than all before it, too: the last one of
    an epoch shows whether a loss grows with the rows.
    """

    def __init__(self, strategy: Any) -> None:
        self._held = create_for_replicas(np.zeros(3), strategy, "bn_sampled")

    def is_due(self, predictions: Sequence[tf.Tensor]) -> tf.Tensor | None:
        """A bool scalar that says whether this step is measured; None: every step is.

        Args:
            predictions: [rows, ...] of each output.
        """
        by_row = [
            each.shape[1:].num_elements() if each.shape.rank else None for each in predictions
        ]
        if None not in by_row and sum(numbers or 0 for numbers in by_row) <= FEW_A_ROW:
            return None
        numbers = tf.cast(tf.add_n([tf.size(each, tf.int64) for each in predictions]), tf.float64)
        held = tf.convert_to_tensor(self._held)
        made = held[_STEPS]
        fewest = tf.where(tf.equal(made, 0.0), numbers, tf.minimum(numbers, held[_FEWEST]))
        most = tf.maximum(numbers, held[_MOST])
        self._held.assign(tf.stack([made + 1.0, fewest, most]))
        return (
            (numbers <= float(FEW_A_BATCH))
            | (made < float(DENSE_STEPS))
            | tf.equal(tf.math.floormod(made, GAP), 0.0)
            | tf.not_equal(fewest, held[_FEWEST])
            | tf.not_equal(most, held[_MOST])
        )


def where_due(due: tf.Tensor | None, measure: Callable[[], tf.Tensor], size: int) -> tf.Tensor:
    """The result of `measure`, float64 [size]; zeros where it is not due, and not run.

    Args:
        due: of `is_due`.
        measure: reads tensors and writes no variable.
        size: of what it returns.
    """
    if due is None:
        return measure()
    return tf.cond(due, measure, lambda: tf.zeros(size, tf.float64))

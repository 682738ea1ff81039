"""The line of a loss at which the rows of a batch meet each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from tb_bnplugin.keras.losses.measure import measure
from tb_bnplugin.keras.losses.pairing import pairing_line

ROWS = 5
LABELS = np.arange(ROWS, dtype="float32")
VALUES = 1 + LABELS[:, np.newaxis] / 8


def within(y: Any, p: Any) -> Any:
    error = y - p  # (5,) less (5, 1)
    return tf.reduce_mean(tf.square(error))


def twice(y: Any, p: Any) -> Any:
    above = tf.maximum(y, p)
    below = tf.minimum(y, p)
    return tf.reduce_mean(above - below)


def of_rows(y: Any, p: Any) -> Any:
    return tf.reduce_mean(tf.square(y - p[:, 0]))


def lines_of(loss: Any) -> str | None:
    labels, values = tf.constant(LABELS), tf.constant(VALUES)
    line = pairing_line(lambda: loss(labels, values), ROWS)
    return None if line is None else line.text.strip()


def test_the_line_that_broadcasts() -> None:
    assert lines_of(within) == "error = y - p  # (5,) less (5, 1)"


@pytest.mark.parametrize("loss", [twice, of_rows], ids=["two lines do", "none does"])
def test_no_line_where_it_is_not_one(loss: Any) -> None:
    assert lines_of(loss) is None


def test_the_measurement_carries_it() -> None:
    _, facts = measure(within, LABELS, VALUES)
    assert facts.paired_at is not None
    assert facts.paired_at.function == "within"
    _, of_keras = measure("mse", LABELS, VALUES)
    assert of_keras.paired_at is None


def test_a_loss_that_raises_leaves_nothing_behind() -> None:
    def fails() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        pairing_line(fails, ROWS)
    assert not context.context().op_callbacks

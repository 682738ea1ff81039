"""The gradient of a loss of all pairs: every prediction with the label of every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import tensorflow as tf

SUMS: Final = ("by_pairs", "pairs_squared", "given_in_pairs", "pairs_alike")
"""With d the gradient of what is differentiated and q that of the mean over all pairs, at the
first rows: the sums of d * q, of q^2 and of d^2; and that of q^2 if all rows had their mean."""

MOST_PAIRS: Final = 2**13
"""Of a batch: as many of its rows as this allows are compared with all labels."""

MOST_ALIKE: Final = 0.999
"""Share of q^2 that is the same in all rows, from which on it says nothing: predictions that are
alike have the same gradient in many losses. A gradient that is the same in all rows has a cosine
of less than 0.9996 with a q below it."""


def suit(predictions: tf.Tensor, labels: Any) -> bool:
    """True where a row has one prediction, and one label."""
    made, given = predictions.shape, labels.shape
    one_label = given.rank == 1 or (given.rank == 2 and given[1] == 1)
    return bool(made.rank == 2 and made[1] == 1 and one_label)


def pair_sums(
    d: tf.Tensor, predictions: tf.Tensor, labels: tf.Tensor, loss: Callable[[Any, Any], Any]
) -> list[tf.Tensor]:
    """The sums of one batch, float64 scalars.

    Args:
        d: the gradient of what is differentiated, float64 [rows, 1].
        predictions: [rows, 1], behind `stop_gradient`.
        labels: [rows] or [rows, 1].
        loss: of labels and predictions, by element.
    """
    rows, given_labels = predictions.shape[0], labels.shape[0]
    if rows is None or given_labels is None:
        rows, given_labels = tf.shape(predictions)[0], tf.shape(labels)[0]
        count = tf.minimum(rows, MOST_PAIRS // tf.maximum(given_labels, 1))
    else:
        count = min(rows, MOST_PAIRS // max(given_labels, 1))
    some = predictions[:count]
    shape = [count, given_labels, 1]
    every = tf.broadcast_to(tf.reshape(labels, [1, given_labels, 1]), shape)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(some)
        each = tf.broadcast_to(some[:, tf.newaxis], shape)
        pairs = [tf.reshape(values, [count * given_labels, 1]) for values in (every, each)]
        total = tf.reduce_sum(loss(*pairs))
    number = tf.cast(tf.maximum(given_labels, 1), tf.float64)
    q = tf.cast(tf.stop_gradient(tape.gradient(total, some)), tf.float64) / tf.square(number)
    given = d[:count]
    squared = tf.square(tf.reduce_sum(q))
    alike = tf.math.divide_no_nan(squared, tf.cast(count, tf.float64))
    return [tf.reduce_sum(given * q), tf.reduce_sum(q * q), tf.reduce_sum(given * given), alike]


def pair_columns(new: Mapping[str, float]) -> dict[str, float]:
    """The column of a record, from the sums since the record before; {}: nothing is shown."""
    norms = new["pairs_squared"] * new["given_in_pairs"]
    if not norms > 0 or new["pairs_alike"] >= MOST_ALIKE * new["pairs_squared"]:
        return {}
    return {"pairs_cosine": float(new["by_pairs"] / norms**0.5)}

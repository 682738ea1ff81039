"""The places of rows that count: padding gets no gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.keras.gradient.products import Products

PADDING: Final = (0.0, -1.0, -100.0)
"""Labels of what is no part of the data."""

SUMS: Final = (
    "places",
    "places_counted",
    "counted_squared",
    "by_counted",
    "by_masked",
    "masked_squared",
    *(f"other_than_{label:.0f}" for label in PADDING),
)
"""With d the gradient of what is differentiated and g that of the reference: the places in which
the reference has a gradient; those among them that get one, which are those that count; the sums
of g^2 there, and of d * g; that of d * g and of g^2 for g divided by the share of the places that
count. And, for each label of padding, the places that are left out without it, or count with it."""

_BY_VALUE: Final = (
    *("MeanSquaredError", "MeanAbsoluteError", "MeanSquaredLogarithmicError"),
    *("Huber", "LogCosh"),
)
OF_CLASSES: Final = "SparseCategoricalCrossentropy"


def suit(predictions: tf.Tensor, labels: Any, keras_class: str | None) -> bool:
    """True where each row has several places, with a label each, and a loss that says little of 0.

    A cross entropy of the class 1 alone leaves labels of 0 out, and no padding.
    """
    made, given = predictions.shape, labels.shape
    if made.rank is None or given.rank is None:
        return False
    if keras_class == OF_CLASSES:
        return bool(made.rank >= 3 and given.rank == made.rank - 1)
    same = made.rank >= 2 and made[1:].is_fully_defined() and made[1:] == given[1:]
    one_number = made.rank == 2 or (same and made[-1] == 1)
    several = same and made[1:].num_elements() > 1
    return bool(keras_class in _BY_VALUE and one_number and several)


def place_sums(products: Products, labels: tf.Tensor) -> list[tf.Tensor]:
    """The sums of one batch, float64 scalars.

    Args:
        products: [rows, places ...].
        labels: of the places.
    """
    has, counts = products.squared > 0.0, products.given > 0.0
    counted = has & counts
    kept = tf.cast(counted, tf.float64)
    places, number = tf.reduce_sum(tf.cast(has, tf.float64)), tf.reduce_sum(kept)
    in_counted = tf.reduce_sum(products.squared * kept)
    by_counted = tf.reduce_sum(products.both * kept)
    more = tf.math.divide_no_nan(places, number)
    others = [_others(has, counted, labels, label) for label in PADDING]
    scaled = [more * by_counted, tf.square(more) * in_counted]
    return [places, number, in_counted, by_counted, *scaled, *others]


def place_columns(new: Mapping[str, float], squared: float) -> dict[str, float]:
    """The columns of a record; {} where places are left out that are no padding.

    Args:
        new: the sums since the record before.
        squared: the sum of d^2.
    """
    padding = any(new[f"other_than_{label:.0f}"] == 0 for label in PADDING)
    counted, masked = new["counted_squared"], new["masked_squared"]
    whole = new["places"] == new["places_counted"]
    if not (new["places"] > 0 and counted > 0 and squared > 0) or not (padding or whole):
        return {}
    return {
        "counted_share": new["places_counted"] / new["places"],
        "counted_factor": new["by_counted"] / counted,
        "counted_cosine": float(new["by_counted"] / (counted * squared) ** 0.5),
        "masked_factor": new["by_masked"] / masked,
        "masked_cosine": float(new["by_masked"] / (masked * squared) ** 0.5),
    }


def _others(has: tf.Tensor, counted: tf.Tensor, labels: tf.Tensor, label: float) -> tf.Tensor:
    is_padding = tf.equal(tf.cast(labels, tf.float64), label)
    wrong = has & tf.equal(counted, is_padding)
    return tf.reduce_sum(tf.cast(wrong, tf.float64))

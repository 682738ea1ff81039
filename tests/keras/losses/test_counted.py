"""The share of the values that count in a loss, against masks that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.keras.losses.measure import column_index, measure
from tests.conftest import Flavour

RANDOM = np.random.default_rng(0)
ROWS, LENGTH, CLASSES = 6, 5, 4
TOKENS = RANDOM.integers(1, CLASSES, (ROWS, LENGTH))
TOKENS[:, 3:] = 0
LOGITS = RANDOM.normal(size=(ROWS, LENGTH, CLASSES)).astype("float32")
NUMBERS = RANDOM.normal(size=(ROWS, LENGTH)).astype("float32")
SHARE = 3 / 5


def counted(loss: Any, labels: Any, predictions: Any) -> tuple[float, float]:
    vector, _ = measure(loss, labels, predictions)
    return vector[column_index("counted_share")], vector[column_index("counted_ratio")]


def entropy(flavour: Flavour, labels: Any, logits: Any) -> Any:
    of = flavour.keras.losses.sparse_categorical_crossentropy
    return of(labels, logits, from_logits=True)


def mask_of(labels: Any, padding: float = 0.0) -> Any:
    return tf.cast(tf.not_equal(labels, tf.cast(padding, labels.dtype)), tf.float32)


def test_a_mean_over_all_places(flavour: Flavour) -> None:
    def loss(labels: Any, logits: Any) -> Any:
        return tf.reduce_mean(entropy(flavour, labels, logits) * mask_of(labels))

    assert counted(loss, TOKENS, LOGITS) == pytest.approx((SHARE, 1 / SHARE), rel=1e-5)
    one_place_each = TOKENS[..., np.newaxis]
    labels_again = lambda y, p: loss(y[..., 0], p)  # noqa: E731
    assert counted(labels_again, one_place_each, LOGITS) == pytest.approx(
        (SHARE, 1 / SHARE), rel=1e-5
    )


@pytest.mark.parametrize("divide", [tf.divide, tf.math.divide_no_nan])
def test_a_mean_over_those_that_count(flavour: Flavour, divide: Any) -> None:
    def loss(labels: Any, logits: Any) -> Any:
        mask = mask_of(labels)
        return divide(tf.reduce_sum(entropy(flavour, labels, logits) * mask), tf.reduce_sum(mask))

    assert counted(loss, TOKENS, LOGITS) == pytest.approx((SHARE, 1.0), rel=1e-5)


def test_numbers_with_a_padding_of_their_own(flavour: Flavour) -> None:
    labels = np.where(np.arange(LENGTH) < 2, NUMBERS[::-1], np.float32(-100.0))

    def loss(y: Any, p: Any) -> Any:
        return tf.reduce_mean(tf.square(y - p) * mask_of(y, -100.0))

    assert counted(loss, labels, NUMBERS) == pytest.approx((0.4, 2.5), rel=1e-5)


def test_where_all_places_count(flavour: Flavour) -> None:
    keras = flavour.keras
    of_classes = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert counted(of_classes, TOKENS, LOGITS) == (1.0, 1.0)
    assert counted(keras.losses.MeanSquaredError(), NUMBERS * (NUMBERS > 0), NUMBERS) == (1.0, 1.0)


def test_a_hinge_that_is_0_by_chance_counts(flavour: Flavour) -> None:
    labels = np.where(np.arange(LENGTH) < 2, np.float32(1.0), np.float32(-1.0))
    labels = np.broadcast_to(labels, (ROWS, LENGTH)).copy()
    predictions = labels * np.where(labels < 0, np.float32(2.0), np.float32(0.5))
    assert counted(flavour.keras.losses.Hinge(), labels, predictions) == (1.0, 1.0)


def test_one_label_a_row_is_not_told(flavour: Flavour) -> None:
    loss = flavour.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert np.isnan(counted(loss, TOKENS[:, 0], LOGITS[:, 0])[0])

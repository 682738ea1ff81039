"""Which places get a gradient: padding, on both flavours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import Flavour
from tests.keras.gradient.own_step import RUNS, create, measured

ROWS, LENGTH, CLASSES = 8, 6, 4
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(20, LENGTH, 3)).astype("float32")
PADDED = np.arange(LENGTH) >= RANDOM.integers(2, LENGTH, (20, 1))
SHARE = 1.0 - PADDED.mean()


def cross_entropy(y: Any, p: Any) -> Any:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(y, 0), p)


def over_all(y: Any, p: Any) -> Any:
    each = cross_entropy(y, p)
    return tf.reduce_mean(each * tf.cast(y > 0, each.dtype))


def over_those_that_count(y: Any, p: Any) -> Any:
    each = cross_entropy(y, p)
    mask = tf.cast(y > 0, each.dtype)
    return tf.reduce_sum(each * mask) / tf.reduce_sum(mask)


def everything(y: Any, p: Any) -> Any:
    return tf.reduce_mean(cross_entropy(y, p))


def without_class_two(y: Any, p: Any) -> Any:
    each = cross_entropy(y, p)
    return tf.reduce_mean(each * tf.cast(y != 2, each.dtype))


def found_of(flavour: Flavour, loss: Any, padding: int, how: str = "graph") -> dict[str, float]:
    y = np.where(PADDED, padding, RANDOM.integers(1, CLASSES, PADDED.shape)).astype("int32")
    compiled = flavour.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def build() -> Any:
        return create(flavour.keras, loss, compiled, (LENGTH, 3), CLASSES, **RUNS[how])

    return measured(build, X, y, rows=ROWS)


@pytest.mark.parametrize(
    ("padding", "how"),
    [(0, "eager"), (0, "graph"), (-1, "eager"), (-1, "xla"), (-100, "eager"), (-100, "graph")],
)
def test_a_mean_over_all_places(flavour: Flavour, padding: int, how: str) -> None:
    found = found_of(flavour, over_all, padding, how)
    assert found["counted_share"] == pytest.approx(SHARE)
    assert (found["counted_factor"], found["counted_cosine"]) == pytest.approx((1, 1), rel=1e-5)
    assert found["masked_cosine"] < 0.99995
    assert found["cosine"] < 0.99


@pytest.mark.parametrize("padding", [0, -100])
def test_a_mean_over_those_that_count(flavour: Flavour, padding: int) -> None:
    found = found_of(flavour, over_those_that_count, padding)
    assert found["counted_share"] == pytest.approx(SHARE)
    assert (found["masked_factor"], found["masked_cosine"]) == pytest.approx((1, 1), rel=1e-5)
    assert found["counted_factor"] == pytest.approx(1 / SHARE, rel=0.1)


def test_all_places_count(flavour: Flavour) -> None:
    found = found_of(flavour, everything, 0)
    assert (found["counted_share"], found["factor"]) == pytest.approx((1.0, 1.0), rel=1e-5)


def test_places_that_are_no_padding_are_not_counted(flavour: Flavour) -> None:
    assert np.isnan(found_of(flavour, without_class_two, 0)["counted_share"])


def test_numbers_with_padding(flavour: Flavour) -> None:
    y = np.where(PADDED, 0.0, RANDOM.normal(size=PADDED.shape)).astype("float32")

    def build() -> Any:
        def loss(y: Any, p: Any) -> Any:
            return tf.reduce_mean(tf.cast(y != 0, p.dtype) * tf.square(y - p))

        return create(flavour.keras, loss, "mse", (3,), LENGTH, **RUNS["graph"])

    found = measured(build, X[:, 0], y, rows=ROWS)
    assert found["counted_share"] == pytest.approx(SHARE)
    assert (found["counted_factor"], found["counted_cosine"]) == pytest.approx((1, 1), rel=1e-5)


def test_a_row_with_one_label_has_no_places(flavour: Flavour) -> None:
    y = RANDOM.integers(0, CLASSES, 20)
    compiled = flavour.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def build() -> Any:
        return create(flavour.keras, everything, compiled, (3,), CLASSES, **RUNS["graph"])

    assert np.isnan(measured(build, X[:, 0], y, rows=ROWS)["counted_share"])

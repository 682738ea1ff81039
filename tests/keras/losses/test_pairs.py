"""Whether a loss compares every label with every prediction, on losses that do and do not."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.schema.columns import LOSS_COLUMNS


def measured(loss: Any, labels: Any, predictions: Any) -> dict[str, float]:
    from tb_bnplugin.keras.losses.measure import measure

    vector, _ = measure(loss, labels, predictions)
    return dict(zip(LOSS_COLUMNS, vector.tolist(), strict=True))


def test_labels_in_the_shape_of_the_predictions(tensorflow: ModuleType) -> None:
    tf = tensorflow
    labels = np.arange(8, dtype="float32")
    predictions = labels[:, np.newaxis] + 0.5

    def mean(a: Any, b: Any) -> Any:
        return tf.reduce_mean((a - b) ** 2)

    def root(a: Any, b: Any) -> Any:
        return tf.sqrt(mean(a, b))

    def total(a: Any, b: Any) -> Any:
        return tf.reduce_sum((a - b) ** 2)

    def in_order(a: Any, b: Any) -> Any:
        return tf.reduce_mean(tf.abs(tf.sort(a) - tf.sort(b[:, 0])))

    def ignores(a: Any, b: Any) -> Any:
        return tf.reduce_mean(b)

    every_pair = float(np.mean((labels[np.newaxis, :] - predictions) ** 2))
    found = measured(mean, labels, predictions)
    assert (found["measured"], found["paired"]) == pytest.approx((every_pair, 0.25), rel=1e-5)
    assert found["pairs_ratio"] == pytest.approx(1.0, rel=1e-5)
    found = measured(root, labels, predictions)
    assert found["pairs_root_ratio"] == pytest.approx(1.0, rel=1e-5)
    assert abs(found["pairs_ratio"] - 1.0) > 0.01
    assert measured(total, labels, predictions)["pairs_ratio"] == pytest.approx(8.0, rel=1e-5)
    assert abs(measured(in_order, labels, predictions)["pairs_ratio"] - 1.0) > 0.1
    found = measured(ignores, labels, predictions)
    assert found["paired"] == found["measured"]
    assert math.isnan(measured(ignores, labels, np.repeat(predictions, 3, axis=1))["paired"])
    assert math.isnan(measured(mean, labels, predictions[:, 0])["paired"])


@pytest.mark.parametrize(
    ("spelling", "reduced"),
    [
        ("tf.reduce_mean(tf.square(a - tf.squeeze(b, -1)))", "pairs_ratio"),
        ("tf.reduce_mean(tf.abs(tf.squeeze(a) - b))", "pairs_ratio"),
        ("tf.reduce_mean((a[:, 0] - b) ** 2)", "pairs_ratio"),
        ("tf.sqrt(tf.reduce_mean(tf.square(a - tf.reshape(b, [-1]))))", "pairs_root_ratio"),
        ("tf.reduce_mean(tf.math.squared_difference(tf.reduce_sum(a, -1), b))", "pairs_ratio"),
        ("tf.reduce_sum(tf.square(a - tf.transpose(b)))", "sum"),
    ],
)
def test_a_loss_that_broadcasts_within(tensorflow: ModuleType, spelling: str, reduced: str) -> None:
    random = np.random.default_rng(0)
    labels = random.normal(size=(16, 1)).astype("float32")
    predictions = labels + 0.1 * random.normal(size=(16, 1)).astype("float32")
    found = measured(eval(f"lambda a, b: {spelling}", {"tf": tensorflow}), labels, predictions)
    ratio = found["pairs_ratio"] / 64 if reduced == "sum" else found[reduced]
    assert ratio == pytest.approx(1.0, rel=1e-4)
    assert found["paired"] < 0.2 * found["measured"]


def test_a_loss_that_ignores_labels_of_one_shape(tensorflow: ModuleType) -> None:
    values = np.random.default_rng(0).normal(size=(16, 1)).astype("float32")
    found = measured(lambda _, b: tensorflow.reduce_mean(b), values, values + 1)
    assert found["paired"] == pytest.approx(found["measured"], rel=1e-4)

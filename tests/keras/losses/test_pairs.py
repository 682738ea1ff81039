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
    for unsuited in (predictions[:, 0], np.repeat(predictions, 3, axis=1)):
        assert math.isnan(measured(ignores, labels, unsuited)["paired"])

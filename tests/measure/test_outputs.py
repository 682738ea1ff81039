"""Accuracy and spread of one batch, by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.measure.outputs import accuracy, spread_and_scale

SCORES = np.array([[0.1, 0.7, 0.2], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6], [0.5, 0.4, 0.1]])  # 1 0 2 0


@pytest.mark.parametrize(
    ("labels", "predictions", "share"),
    [
        (np.array([1, 0, 2, 1]), SCORES, 0.75),
        (np.array([[1], [0], [2], [1]]), SCORES, 0.75),
        (np.array([1.0, 0.0, 2.0, 1.0]), SCORES, 0.75),
        (np.eye(3)[[1, 0, 2, 1]], SCORES, 0.75),
        (np.array([[1, 0], [2, 0]]), SCORES.reshape(2, 2, 3), 1.0),  # one class a position
        (np.array([0, 1, 1, 0]), np.array([[0.2], [0.9], [0.4], [0.6]]), 0.5),
        (np.array([0, 1, 1, 0]), np.array([-2.0, 0.3, 0.4, 1.0]), 0.75),  # logits
        (np.array([0.5, 0.0, 2.0, 1.0]), SCORES, None),
        (np.array([1, 0, 3, 1]), SCORES, None),
        (np.array([1, 0, -1, 1]), SCORES, None),
        (SCORES, SCORES, None),
        (np.array([0.0, 2.5]), np.array([[0.2], [0.9]]), None),
        (np.zeros((4, 5)), SCORES, None),
    ],
)
def test_accuracy_is_known_where_labels_are_classes(
    labels: Any, predictions: Any, share: float | None
) -> None:
    assert accuracy(labels, np.asarray(predictions, np.float64)) == share


def test_spread_and_scale_are_means_over_the_values_of_a_row() -> None:
    one = np.array([[3.0], [5.0]])  # deviation 1, root mean square sqrt(17)
    two = np.array([[[2.0]], [[2.0]]])  # deviation 0, root mean square 2
    spread, scale = spread_and_scale([one, two])
    assert spread == pytest.approx(0.5)
    assert scale == pytest.approx((math.sqrt(17) + 2) / 2)

"""The law of total variance, against numpy on all values at once."""

from __future__ import annotations

import numpy as np
import pytest

from tb_bnplugin.measure.pooled import Pooled


def test_parts_of_any_size_make_the_whole() -> None:
    random = np.random.default_rng(0)
    parts = [random.normal(at, at + 1, size=(rows, 3)) for at, rows in enumerate((1, 50, 7, 200))]
    pooled = Pooled(3)
    for part in parts:
        mean = part.mean(0)
        pooled.add(np.full(3, float(len(part))), mean, np.square(part - mean).sum(0))
    whole = np.concatenate(parts)
    assert pooled.counts.tolist() == [len(whole)] * 3
    assert pooled.mean == pytest.approx(whole.mean(0), rel=1e-12)
    assert pooled.variance == pytest.approx(whole.var(0), rel=1e-12)


def test_means_that_differ_are_variance() -> None:
    pooled = Pooled(1)
    for mean in (-1.0, 1.0):
        pooled.add(np.array([5.0]), np.array([mean]), np.array([0.0]))
    assert pooled.variance.tolist() == [1.0]


def test_a_channel_without_values_is_left_alone() -> None:
    pooled = Pooled(2)
    pooled.add(np.array([4.0, 0.0]), np.array([2.0, np.nan]), np.array([8.0, np.nan]))
    assert pooled.mean.tolist() == [2.0, 0.0]
    assert pooled.variance[0] == 2.0
    assert np.isnan(pooled.variance[1])


def test_small_variance_far_from_zero_is_not_lost() -> None:
    values = 1e6 + np.random.default_rng(0).normal(0, 1e-2, size=(1000, 1))
    pooled = Pooled(1)
    for part in np.array_split(values, 9):
        mean = part.mean(0)
        pooled.add(np.array([float(len(part))]), mean, np.square(part - mean).sum(0))
    assert pooled.variance == pytest.approx(values.var(0), rel=1e-6)

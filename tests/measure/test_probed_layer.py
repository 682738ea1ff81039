"""The values of a probed layer against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from tb_bnplugin.measure.probed_layer import Entered, compare

EPSILON = 0.01
ROWS, PLACES, CHANNELS = 40, 9, 4
RANDOM = np.random.default_rng(3)


def enter(values: np.ndarray) -> Entered:
    """What [rows, places, channels] gives."""
    off = np.square(values - values.mean(axis=(0, 1)))
    held = np.full(len(values), float(values.shape[1]))
    return Entered.from_rows(held, values.sum(axis=1), off.sum(axis=1))


def test_statistics_are_those_of_all_values() -> None:
    values = RANDOM.normal(2.0, 3.0, (ROWS, PLACES, CHANNELS))
    entered = enter(values)
    assert entered.mean == pytest.approx(values.mean(axis=(0, 1)))
    assert entered.variance == pytest.approx(values.var(axis=(0, 1)))


def test_values_of_one_row_count_once_where_they_are_alike() -> None:
    rows = RANDOM.normal(size=(ROWS, 1, CHANNELS))
    one, alike = enter(rows), enter(np.repeat(rows, PLACES, axis=1))
    expected = rows[:, 0].std(axis=0, ddof=1) / np.sqrt(ROWS)
    assert one.mean_error == pytest.approx(expected)
    assert alike.mean_error == pytest.approx(expected)
    assert alike.variance_error == pytest.approx(one.variance_error)


def test_errors_are_those_that_other_batches_show() -> None:
    batches = [enter(RANDOM.normal(2.0, 3.0, (ROWS, PLACES, CHANNELS))) for _ in range(300)]
    for of, error in (("mean", "mean_error"), ("variance", "variance_error")):
        seen = np.std([getattr(batch, of) for batch in batches], axis=0)
        told = np.mean([getattr(batch, error) for batch in batches], axis=0)
        assert told == pytest.approx(seen, rel=0.2)


def test_a_single_row_has_no_finite_error() -> None:
    assert np.isinf(enter(np.ones((1, PLACES, CHANNELS))).mean_error).all()


def test_gaps_are_medians_over_channels_with_epsilon() -> None:
    values = RANDOM.normal(0.0, 1.0, (ROWS, PLACES, CHANNELS)) * np.array([0.001, 0.1, 1.0, 10.0])
    mean, variance = np.array([0.5, 0.5, 0.5, 0.5]), np.array([1.0, 1.0, 1.0, 1.0])
    columns = compare([enter(values)], mean, variance, EPSILON)
    square = values.var(axis=(0, 1)) + EPSILON
    shift = np.log((variance + EPSILON) / square)
    off = np.abs(mean - values.mean(axis=(0, 1))) / np.sqrt(square)
    assert columns["mean_gap"] == pytest.approx(np.median(off))
    assert columns["variance_gap"] == pytest.approx(np.median(np.abs(shift)))
    assert columns["variance_shift"] == pytest.approx(np.median(shift))
    assert (columns["calls"], columns["calls_mean_gap"], columns["calls_variance_gap"]) == (1, 0, 0)


def test_several_calls_are_compared_with_their_mean() -> None:
    """Two sensors: each of variance 1, at 0 and at 10, of which the mean is 5."""
    noise = RANDOM.normal(size=(4000, 1, 1))
    columns = compare([enter(noise), enter(noise + 10)], np.array([5.0]), np.array([1.0]), 0.0)
    assert columns["calls"] == 2
    assert columns["mean_gap"] == pytest.approx(0.0, abs=0.1)
    assert columns["variance_gap"] == pytest.approx(0.0, abs=0.1)
    assert columns["calls_mean_gap"] == pytest.approx(5.0, rel=0.05)
    assert columns["calls_variance_gap"] == pytest.approx(0.0, abs=1e-6)


def test_mean_and_variance_in_each_others_place_are_told() -> None:
    values = RANDOM.normal(9.0, 2.0, (4000, 1, CHANNELS))
    mean, variance = values.mean(axis=(0, 1)), values.var(axis=(0, 1))
    swapped = compare([enter(values)], variance, mean, EPSILON)
    assert swapped["mean_gap"] == pytest.approx(2.5, rel=0.1)  # 4 for 9, in deviations of 2
    assert swapped["swapped_gap"] == pytest.approx(0.0, abs=1e-9)
    assert compare([enter(values)], mean, variance, EPSILON)["swapped_gap"] > 2

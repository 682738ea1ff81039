"""Data of another scale than those that moving statistics were made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tb_bnplugin.measure.other_scale import CHANNELS, scale_of

Floats = npt.NDArray[np.float64]

RANDOM = np.random.default_rng(0)
MEAN = RANDOM.normal(0.2, 0.1, 16)
VARIANCE = RANDOM.uniform(0.02, 0.2, 16)


def statistics(times: Any = 1.0, mean: Floats = MEAN, variance: Floats = VARIANCE) -> Floats:
    """Of data that are so many times as large."""
    return np.stack([mean * times, variance * times**2])


@pytest.mark.parametrize("times", [255.0, 1 / 255])
def test_the_scale_of_the_data_is_told(times: float) -> None:
    assert scale_of(statistics(), statistics(times)) == pytest.approx(times)


@pytest.mark.parametrize(("times", "told"), [(4.01, True), (3.99, False), (1.0, False)])
def test_a_scale_that_other_data_may_have_is_not_told(times: float, *, told: bool) -> None:
    mean = np.where(np.arange(16) % 2, 2.0, -2.0) * np.sqrt(VARIANCE)  # and so not from the start
    small, large = (statistics(scale, mean) for scale in (100.0, 100.0 * times))
    assert scale_of(small, large) == (pytest.approx(times) if told else None)
    assert scale_of(large, small) == (pytest.approx(1 / times) if told else None)


def test_other_data_of_another_scale_are_told() -> None:
    noise = RANDOM.uniform(0.7, 1.4, 16)
    shifted = statistics(100.0, MEAN + 0.1 * np.sqrt(VARIANCE), VARIANCE * noise)
    assert scale_of(statistics(), shifted) == pytest.approx(100.0, rel=0.2)


START = np.stack([np.zeros(16), np.ones(16)])


@pytest.mark.parametrize("times", [255.0, 1.0, 1 / 255])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.05, 0.5])
def test_what_the_start_explains_is_no_other_scale(share: float, times: float) -> None:
    right = statistics(times)
    assert scale_of((1 - share) * START + share * right, right) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (statistics()[::-1], statistics()),  # swapped
        (statistics(255.0)[::-1], statistics(255.0)),
        (np.stack([MEAN, MEAN]), statistics(255.0)),  # one put into the other
        (statistics(), statistics(RANDOM.uniform(4.0, 40.0, 16))),  # a scale for each channel
        (np.stack([MEAN, np.full(16, 1e-3)]), statistics()),  # batches of one row
        (np.stack([MEAN, VARIANCE / 100]), statistics()),  # rows in the order of their class
        (np.stack([MEAN, np.zeros(16)]), statistics()),
        (np.stack([MEAN, np.full(16, np.nan)]), statistics()),
        (np.stack([MEAN, VARIANCE * 100]), statistics()),  # noise in the training alone
        (statistics(), np.stack([255.0 * MEAN + 2000.0, 255.0**2 * VARIANCE])),
    ],
)
def test_what_is_wrong_for_another_reason_is_no_other_scale(old: Floats, new: Floats) -> None:
    assert scale_of(old, new) is None


def test_few_channels_are_alike_by_chance() -> None:
    old, new = statistics(), statistics(255.0)
    assert scale_of(old[:, :CHANNELS], new[:, :CHANNELS]) == pytest.approx(255.0)
    assert scale_of(old[:, : CHANNELS - 1], new[:, : CHANNELS - 1]) is None


def test_a_channel_that_is_always_0_is_left_out() -> None:
    old, new = statistics(), statistics(255.0)
    old[:, :3], new[:, :3] = 0.0, 0.0
    assert scale_of(old, new) == pytest.approx(255.0)

"""The schedule of records: dense at first, then in gaps that grow with the step."""

from __future__ import annotations

import itertools

import pytest

from tb_bnplugin.schedule import Frequency, from_frequency


def due(frequency: Frequency, steps: range) -> list[int]:
    cadence = from_frequency(frequency)
    return [step for step in steps if cadence.is_due(step)]


def test_auto_takes_every_step_up_to_fifty() -> None:
    assert due("auto", range(1, 51)) == list(range(1, 51))


def test_auto_then_leaves_gaps_of_one_percent_of_the_step_at_most_two_hundred() -> None:
    steps = due("auto", range(1, 40_001))
    for earlier, later in itertools.pairwise(steps):
        assert later - earlier == max(1, min(200, earlier // 100))


def test_auto_makes_a_bounded_number_of_records() -> None:
    # 1 a step up to 200, then 100 each time the step grows e-fold, up to 20,000:
    # 200 + 100 ln(100) = 660; one in 200 steps after that
    steps = due("auto", range(1, 100_001))
    assert len(steps) == pytest.approx(660 + 80_000 / 200, rel=0.05)


@pytest.mark.parametrize(("frequency", "steps"), [("batch", [1, 2, 3, 4, 5, 6]), (2, [1, 2, 4, 6])])
def test_every_step_or_every_nth(frequency: Frequency, steps: list[int]) -> None:
    assert due(frequency, range(1, 7)) == steps


@pytest.mark.parametrize("frequency", ["epoch", None])
def test_never_by_itself(frequency: Frequency) -> None:
    assert due(frequency, range(1, 1000)) == []


def test_steps_may_come_in_jumps() -> None:
    assert due(10, range(4, 100, 4)) == [4, 12, 20, 32, 40, 52, 60, 72, 80, 92]


def test_a_record_for_another_reason_keeps_the_multiples() -> None:
    cadence = from_frequency(10)
    cadence.done(13)
    assert not cadence.is_due(14)
    assert cadence.is_due(20)


def test_a_record_for_another_reason_counts_in_auto() -> None:
    cadence = from_frequency("auto")
    cadence.done(1000)
    assert not cadence.is_due(1009)
    assert cadence.is_due(1010)

"""One figure and its limit, and how to compare two things on a noisy machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured number beside its limit."""

    name: str
    value: float
    limit: float
    unit: str
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the number keeps within its limit."""
        return self.value <= self.limit

    def line(self) -> str:
        """One line of the report."""
        verdict = "ok  " if self.holds else "OVER"
        number, limit = f"{self.value:.4g}", f"{self.limit:.4g}"
        note = f"   ({self.note})" if self.note else ""
        return f"{verdict} {self.name:58s} {number:>9s}  limit {limit:>6s} {self.unit}{note}"


def median_seconds(
    work: Callable[[], object], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """The median time of a call, by a clock."""
    times = []
    for _ in range(repeats):
        begin = clock()
        work()
        times.append(clock() - begin)
    return statistics.median(times)


Clock = Callable[[], float]


def paired_ratio(
    one: Callable[[], object],
    other: Callable[[], object],
    rounds: int,
    clock: Clock = time.perf_counter,
) -> tuple[float, float, float]:
    """Median of the ratios one/other of neighbouring calls, and its quartiles."""
    (ratio,) = paired_ratios(one, other, rounds, (clock,))
    return ratio


def paired_ratios(
    one: Callable[[], object], other: Callable[[], object], rounds: int, clocks: Sequence[Clock]
) -> list[tuple[float, float, float]]:
    """The same by several clocks that look at the same calls.

    The two take turns in going first, so that what slows the machine hits both.
    """
    ratios: list[list[float]] = [[] for _ in clocks]
    for number in range(rounds):
        pair: Sequence[Callable[[], object]] = (one, other) if number % 2 else (other, one)
        spent = {}
        for work in pair:
            begin = [clock() for clock in clocks]
            work()
            spent[work] = [clock() - then for clock, then in zip(clocks, begin, strict=True)]
        for of_clock, ours, theirs in zip(ratios, spent[one], spent[other], strict=True):
            of_clock.append(ours / theirs)
    quantiles = [statistics.quantiles(each, n=4) for each in ratios]
    return [(middle, lower, upper) for lower, middle, upper in quantiles]

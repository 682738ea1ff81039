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


def paired_ratio(
    one: Callable[[], object],
    other: Callable[[], object],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float, float]:
    """Median of the ratios one/other of neighbouring calls, and its quartiles.

    The two take turns in going first, so that what slows the machine hits both.
    """
    ratios = []
    for number in range(rounds):
        pair: Sequence[Callable[[], object]] = (one, other) if number % 2 else (other, one)
        seconds = {work: median_seconds(work, 1, clock) for work in pair}
        ratios.append(seconds[one] / seconds[other])
    lower, middle, upper = statistics.quantiles(ratios, n=4)
    return middle, lower, upper

"""When something is due: one class, whatever the clock counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

DENSE_STEPS: Final = 50
"""Every step up to here: most faults show at once, and a loop may be short."""

GAP_SHARE: Final = 100
"""From then on a gap of 1/100 of the step: as dense on every scale of a logarithmic axis."""

LARGEST_GAP: Final = 200
"""Steps; so that nothing is ever long unseen."""

Frequency = int | Literal["auto", "batch", "epoch"] | None


class Schedule:
    """Says when something is due, on a clock that the caller has: steps, updates or seconds.

    The clock is a parameter and may advance in jumps. An action that happens for another reason
    is told with `done`, so that it does not happen twice.

    Example:
        schedule = every(10)
        if schedule.is_due(step):
            record(step)
    """

    def __init__(self, following: Callable[[float], float], *, first: float = 0.0) -> None:
        """`following`: when the action is due again after it happened at the time given."""
        self._following = following
        self._next = first
        self._hurried = 0

    def is_due(self, clock: float) -> bool:
        """Return True where it is time now; the action then counts as done."""
        if self._hurried > 0:
            self._hurried -= 1
        elif clock < self._next:
            return False
        self.done(clock)
        return True

    def done(self, clock: float) -> None:
        """Note that the action happened, due or for another reason."""
        self._next = self._following(clock)

    def hurry(self, times: int) -> None:
        """Let the next `times` calls of `is_due` be due at once."""
        self._hurried = times


def every(interval: float) -> Schedule:
    """Due at multiples, so that the steps do not depend on what happens for other reasons."""
    return Schedule(lambda clock: (clock // interval + 1) * interval, first=1.0)


def every_seconds(seconds: float) -> Schedule:
    """Due `seconds` after the last time."""
    return Schedule(lambda clock: clock + seconds, first=-float("inf"))


def growing(factor: float, *, first: float = 1.0, least: float = 1.0) -> Schedule:
    """Due when the clock has grown by a factor, and by `least`."""
    return Schedule(lambda clock: max(clock + least, int(clock * factor)), first=first)


def never() -> Schedule:
    """Never due by itself."""
    return Schedule(lambda _: float("inf"), first=float("inf"))


def from_frequency(frequency: Frequency) -> Schedule:
    """The schedule of `update_freq` and its like, on a clock of steps."""
    if frequency is None or frequency == "epoch":
        return never()
    if frequency == "auto":
        return Schedule(lambda step: step + _auto_gap(step), first=1.0)
    return every(1 if frequency == "batch" else frequency)


def _auto_gap(step: float) -> float:
    return 1 if step < DENSE_STEPS else min(max(step // GAP_SHARE, 1), LARGEST_GAP)


def check_frequency(name: str, value: object, words: tuple[str, ...]) -> None:
    """Raise ValueError or TypeError unless `value` is a positive int or one of `words`."""
    if value is None and "None" in words:
        return
    if isinstance(value, str) and value in words:
        return
    names = (word if word == "None" else repr(word) for word in words)
    allowed = ", ".join(("a positive int", *names))
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError(f"{name} must be {allowed}; received {value!r} ({type(value).__name__})")
    if isinstance(value, str) or value < 1:
        raise ValueError(f"{name} must be {allowed}; received {value!r}")

"""When a training is looked at, of whose records the rules are asked and the modes told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tb_bnplugin.schedule import growing

CHECK_GROWTH: Final = 1.3
"""The rules run again when the step has grown by this factor: on 52 layers they take as long as
ten records, and in the first steps as long as a step of a small model."""

RECORDS_AFTER_EVENT: Final = 6
"""After something new was recorded (a trace, an event) they run at each of so many records:
most rules want to see it twice."""

FIRST_RECORDS: Final = 3
"""Of a loop, in each of which it may have trained: one is often made before the first step."""


class LoopStart:
    """When to look for the first training of a loop: what only infers is not looked at often."""

    def __init__(self, in_fit: Callable[[], bool]) -> None:
        self._in_fit = in_fit
        self._records = 0

    def is_time(self, *, due: bool) -> bool:
        """Return True at the first records, and where the rules run. `due`: they do."""
        self._records += 1
        return (due or self._records <= FIRST_RECORDS) and not self._in_fit()


_NOTHING_YET: Final = object()


class RuleSchedule:
    """When the rules are to run on records just made: seldom, and at once after events."""

    def __init__(self) -> None:
        self._schedule = growing(CHECK_GROWTH, first=2)
        self._signature: object = _NOTHING_YET

    def is_due(self, step: int, signature: object) -> bool:
        """Return True where it is time to look for findings.

        Args:
            step: of the record that was made.
            signature: differs from the one before when something new was recorded.
        """
        if signature != self._signature:
            if self._signature is not _NOTHING_YET:
                self._schedule.hurry(RECORDS_AFTER_EVENT)
            self._signature = signature
        return self._schedule.is_due(step)

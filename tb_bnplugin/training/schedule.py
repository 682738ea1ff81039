"""When a record is due: the schedule, apart from what is done then."""

from __future__ import annotations

from typing import Final, Literal

DENSE_STEPS: Final = 50
"""Every step up to here: most faults show at once, and a loop may be short."""

GAP_SHARE: Final = 100
"""From then on a gap of 1/100 of the step: as dense on every scale of a logarithmic axis."""

LARGEST_GAP: Final = 200
"""Steps; so that nothing is ever long unseen."""

Frequency = int | Literal["auto", "batch", "epoch"] | None


class Cadence:
    """Says at which steps a record is due. Steps may come in jumps."""

    def __init__(self, frequency: Frequency) -> None:
        self._frequency = 1 if frequency == "batch" else frequency
        self._next = 1

    def is_due(self, step: int) -> bool:
        """True if a record is due at this step. Ask once a step, in ascending order."""
        if self._frequency in ("epoch", None) or step < self._next:
            return False
        self.made(step)
        return True

    def made(self, step: int) -> None:
        """A record was made at this step, due or for another reason."""
        if isinstance(self._frequency, int):
            # multiples, so that the steps recorded do not depend on other reasons
            self._next = (step // self._frequency + 1) * self._frequency
        else:
            gap = 1 if step < DENSE_STEPS else min(max(step // GAP_SHARE, 1), LARGEST_GAP)
            self._next = step + gap


def check_frequency(name: str, value: object, words: tuple[str, ...]) -> None:
    """Raises ValueError or TypeError unless `value` is a positive int or one of `words`."""
    if value is None and "None" in words:
        return
    if isinstance(value, str) and value in words:
        return
    allowed = "a positive int, " + ", ".join(
        word if word == "None" else repr(word) for word in words
    )
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError(f"{name} must be {allowed}; received {value!r} ({type(value).__name__})")
    if isinstance(value, str) or value < 1:
        raise ValueError(f"{name} must be {allowed}; received {value!r}")

"""Lines that tell how far long work is, now and then."""

from __future__ import annotations

import sys
import time
from typing import Final

FIRST: Final = 3.0
"""Seconds after which a line is printed; then when the time has grown by half."""

GROWTH: Final = 1.5


class Progress:
    """Prints how far the work is, on the standard error.

    Args:
        batches: of all passes, None where that is not known.
        quiet: nothing is printed.
    """

    def __init__(self, batches: int | None, *, quiet: bool) -> None:
        self._batches = batches
        self._done = 0
        self._began = time.monotonic()
        self._next = float("inf") if quiet else FIRST

    def advance(self) -> None:
        """A batch is done."""
        self._done += 1
        seconds = time.monotonic() - self._began
        if seconds < self._next:
            return
        self._next = seconds * GROWTH
        if self._batches is None:
            left = f"{seconds:.0f} s"
        else:
            left = f"{seconds * (self._batches / self._done - 1):.0f} s left"
        of = "" if self._batches is None else f" of {self._batches:,}"
        text = f"tb_bnplugin.recalibrate: {self._done:,}{of} batches, {left}"
        print(text, file=sys.stderr, flush=True)  # noqa: T201  # what it is for

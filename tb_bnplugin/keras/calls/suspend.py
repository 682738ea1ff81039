"""Suspending what we record, in this thread: calls that a probe makes are not the user's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Depth(threading.local):
    value = 0


_depth = _Depth()


def suspended() -> bool:
    """True if calls made now in this thread are ours, and not to be counted or observed."""
    return _depth.value > 0


@contextmanager
def suspend() -> Iterator[None]:
    """Calls within are not counted or observed; may be nested."""
    _depth.value += 1
    try:
        yield
    finally:
        _depth.value -= 1

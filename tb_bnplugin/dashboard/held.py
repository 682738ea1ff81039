"""Things made of a run, kept until the run has newer records."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import Generic, TypeVar

from tb_bnplugin.logs.provider import RunListing

Key = tuple[str, ...]  # experiment, run, and what else tells it

_Made = TypeVar("_Made")


class Held(Generic[_Made]):
    """The things that were asked for last, for several threads: one makes a thing, others wait.

    Args:
        limit: how many are kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._making: defaultdict[Key, threading.Lock] = defaultdict(threading.Lock)
        self._held: OrderedDict[Key, tuple[RunListing, _Made]] = OrderedDict()

    def get(self, key: Key, listing: RunListing, make: Callable[[], _Made]) -> _Made:
        """The thing held for this listing, or made now."""
        with self._lock:
            making = self._making[key]
        with making:
            known = self.known(key)
            if known is not None and known[0] == listing:
                return known[1]
            made = make()
            self.put(key, listing, made)
            return made

    def known(self, key: Key) -> tuple[RunListing, _Made] | None:
        """The thing held, and the listing that it was made of."""
        with self._lock:
            known = self._held.get(key)
            if known is not None:
                self._held.move_to_end(key)
            return known

    def offer(self, key: Key, listing: RunListing, made: _Made) -> None:
        """Keep what was made where that takes the place of nothing else."""
        with self._lock:
            if len(self._held) < self._limit or key in self._held:
                self._held[key] = (listing, made)

    def put(self, key: Key, listing: RunListing, made: _Made) -> None:
        """Keep what was made, instead of what was asked for longest ago."""
        with self._lock:
            self._held[key] = (listing, made)
            self._held.move_to_end(key)
            while len(self._held) > self._limit:
                self._held.popitem(last=False)

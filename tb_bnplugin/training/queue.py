"""Work that is done beside the next training step, in the order in which it was handed over."""

from __future__ import annotations

import atexit
import functools
import os
import queue
import threading
from collections.abc import Callable
from typing import Final

CAPACITY: Final = 64
"""Records that may wait. Where the disk is slower than the training, the training waits."""

GATHERED: Final = 16
"""Work waits until there is so much, or until somebody waits for it: done one right after the
other, with the caches of the processor still warm, records take half the time."""

GATHER_SECONDS: Final = 1.0
"""The longest that work waits for other work: who looks on reads along, and is told in time."""

IDLE_SECONDS: Final = 5.0
"""After so long without work the thread ends; the next work begins another."""

Work = Callable[[], object]


class WorkQueue:
    """Runs work one after the other in a thread of its own, several pieces at a time.

    What work raises is raised by the next `finish`: a warning, say, that the program turned into
    an error.
    """

    def __init__(self) -> None:
        self._waiting: queue.Queue[Work] = queue.Queue(CAPACITY)
        self._gathered = threading.Event()  # enough of it, or somebody waits
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        self._error: BaseException | None = None

    def put(self, work: Work) -> None:
        """Hand work over; waits where CAPACITY is reached. In the thread itself, run it now."""
        if threading.current_thread() is self._thread:
            work()
            return
        with self._lock:
            self._waiting.put(work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tb_bnplugin", daemon=True)
                self._thread.start()
        if self._waiting.qsize() >= GATHERED:
            self._gathered.set()

    def finish(self) -> None:
        """Return once all work that was handed over is done; raise what it raised."""
        if threading.current_thread() is self._thread or os.getpid() != self._process:
            return
        self._gathered.set()
        self._waiting.join()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self) -> None:
        while True:
            work = self._next(IDLE_SECONDS)
            if work is None:
                with self._lock:
                    if self._waiting.empty():
                        self._thread = None
                        return
                continue
            self._gathered.wait(GATHER_SECONDS)
            self._gathered.clear()  # what was put before it was set is done below
            while work is not None:
                try:
                    work()
                except BaseException as error:  # noqa: BLE001  # raised where somebody waits
                    self._error = error
                finally:
                    work = None  # what it holds, a model perhaps, is not kept by this thread
                    self._waiting.task_done()
                work = self._next(0)

    def _next(self, seconds: float) -> Work | None:
        """The next piece of work; None where there is none for so long."""
        try:
            return self._waiting.get(block=seconds > 0, timeout=seconds or None)
        except queue.Empty:
            return None


@functools.cache
def work_queue() -> WorkQueue:
    """The one queue of this process, emptied when the process ends."""
    made = WorkQueue()
    atexit.register(made.finish)  # a daemon thread ends with the process, whatever waits
    return made


if hasattr(os, "register_at_fork"):  # a forked process has the queue and not its thread
    os.register_at_fork(after_in_child=work_queue.cache_clear)

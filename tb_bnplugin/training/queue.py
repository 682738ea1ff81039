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

IDLE_SECONDS: Final = 5.0
"""After so long without work the thread ends; the next work begins another."""

Work = Callable[[], object]


class WorkQueue:
    """Runs work one after the other in a thread of its own.

    What work raises is raised by the next `finish`: a warning, say, that the program turned into
    an error.
    """

    def __init__(self) -> None:
        self._waiting: queue.Queue[Work] = queue.Queue(CAPACITY)
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

    def finish(self) -> None:
        """Return once all work that was handed over is done; raise what it raised."""
        if threading.current_thread() is self._thread or os.getpid() != self._process:
            return
        self._waiting.join()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self) -> None:
        while True:
            try:
                work = self._waiting.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if self._waiting.empty():
                        self._thread = None
                        return
                continue
            try:
                work()
            except BaseException as error:  # noqa: BLE001  # raised where somebody waits
                self._error = error
            finally:
                del work  # else what it holds, a model perhaps, lives as long as this thread waits
                self._waiting.task_done()


@functools.cache
def work_queue() -> WorkQueue:
    """The one queue of this process, emptied when the process ends."""
    made = WorkQueue()
    atexit.register(made.finish)  # a daemon thread ends with the process, whatever waits
    return made


if hasattr(os, "register_at_fork"):  # a forked process has the queue and not its thread
    os.register_at_fork(after_in_child=work_queue.cache_clear)

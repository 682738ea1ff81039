"""Lines on the console while a model trains, each on a line of its own, through `logging`.

The logger is "tb_bnplugin". Sums are of level INFO, findings of the level of their severity. Python
shows no INFO by default, so the logger is set to it unless the program has set a level. It has a
handler of its own, which is silent where one of the program's shows the same on the console.
"""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any, Final

LOGGER: Final = logging.getLogger("tb_bnplugin")


class Console:
    """Where a notifier tells what it has found."""

    def __init__(self) -> None:
        self.sums = False
        """The sums at the start and the end are wanted too, not only findings."""
        self._has_bar = False
        self._bar_is_open = False  # Keras has drawn it, and left its line without an end

    def begin(self, verbose: Any) -> None:
        """A fit or an evaluation begins. `verbose`: as Keras has it."""
        self.sums = bool(verbose)
        self._has_bar = verbose in (1, "auto")
        self._bar_is_open = False

    def open_bar(self) -> None:
        """A step was made, after which Keras draws its bar where it is verbose."""
        self._bar_is_open = self._has_bar

    def close_bar(self) -> None:
        """An epoch ended, at which Keras ends the line of its bar."""
        self._bar_is_open = False

    def shows(self, level: int) -> bool:
        """Return True where lines of this level are shown."""
        _prepare()
        return LOGGER.isEnabledFor(level)

    def say(self, level: int, text: str) -> None:
        """Tell a line; below an open progress bar, not behind it."""
        if not self.shows(level):
            return
        if self._bar_is_open:
            _write("\n")
        LOGGER.log(level, "%s", text)


class _Stderr(logging.Handler):
    """Writes to what is `sys.stderr` now: notebooks and tests replace it."""

    def emit(self, record: logging.LogRecord) -> None:
        if not _shown_by_the_program(record.levelno):
            _write(f"{self.format(record)}\n")


_HANDLER: Final = _Stderr()
_once: Final = threading.Lock()


def _prepare() -> None:
    """Make the logger show lines, where the program has not decided on it."""
    with _once:
        if LOGGER.level == logging.NOTSET:
            LOGGER.setLevel(logging.INFO)
        if _HANDLER not in LOGGER.handlers:
            LOGGER.addHandler(_HANDLER)


def _shown_by_the_program(level: int) -> bool:
    """Return True where a handler of the program's own shows such lines on the console."""
    logger: logging.Logger | None = LOGGER
    while logger is not None:
        for handler in logger.handlers:
            if handler is not _HANDLER and handler.level <= level and _is_console(handler):
                return True
        logger = logger.parent if logger.propagate else None
    return False


def _is_console(handler: Any) -> bool:
    written = getattr(handler, "python_handler", handler)  # absl's handler wraps another
    streams = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    stream = getattr(written, "stream", None)
    return hasattr(written, "console") or (stream is not None and stream in streams)  # rich has one


def _write(text: str) -> None:
    if sys.stderr is not None:  # as under pythonw
        sys.stderr.write(text)
        sys.stderr.flush()

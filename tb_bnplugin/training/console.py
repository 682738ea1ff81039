"""Lines on the console while a model trains, each on a line of its own, through `logging`.

The logger is "tb_bnplugin". Sums are of level INFO, findings of the level of their severity. Python
shows no INFO by default, so the logger is set to it unless the program has set a level. It has a
handler of its own, which is silent where one of the program's shows the same on the console.

A handler that `logging.basicConfig()` has made is none of the program's choice: the first
`logging.warning(...)` of any library makes it, and it would begin each line with
"ERROR:tb_bnplugin:". It leaves these lines to ours, and shows all else as before.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
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
        showing = list(_console_handlers(record.levelno))
        if not all(_is_default(handler) for handler in showing):
            return
        for handler in showing:
            handler.addFilter(_is_left)  # once: a filter that is there is not added again
        setattr(record, _TOLD, True)
        _write(f"{self.format(record)}\n")


_TOLD: Final = "told_by_tb_bnplugin"


def _is_left(record: logging.LogRecord) -> bool:
    return not getattr(record, _TOLD, False)


_HANDLER: Final = _Stderr()
_once: Final = threading.Lock()


def _prepare() -> None:
    """Make the logger show lines, where the program has not decided on it."""
    with _once:
        if LOGGER.level == logging.NOTSET:
            LOGGER.setLevel(logging.INFO)
        if _HANDLER not in LOGGER.handlers:
            LOGGER.addHandler(_HANDLER)


def _console_handlers(level: int) -> Iterator[logging.Handler]:
    """Handlers of the program that show such lines on the console."""
    logger: logging.Logger | None = LOGGER
    while logger is not None:
        for handler in logger.handlers:
            if handler is not _HANDLER and handler.level <= level and _is_console(handler):
                yield handler
        logger = logger.parent if logger.propagate else None


def _is_default(handler: Any) -> bool:
    """Return True for what `logging.basicConfig()` makes without arguments."""
    if getattr(handler, "stream", None) not in {sys.stderr, sys.__stderr__}:
        return False
    return getattr(handler.formatter, "_fmt", None) == logging.BASIC_FORMAT


def _is_console(handler: Any) -> bool:
    written = getattr(handler, "python_handler", handler)  # absl's handler wraps another
    streams = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    stream = getattr(written, "stream", None)
    return hasattr(written, "console") or (stream is not None and stream in streams)  # rich has one


def _write(text: str) -> None:
    if sys.stderr is not None:  # as under pythonw
        sys.stderr.write(text)
        sys.stderr.flush()

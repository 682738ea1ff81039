"""Colour and width of the terminal."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from dataclasses import dataclass
from typing import Final, TextIO

from tb_bnplugin.diagnose.views.words import LONGEST, cut, printable

__all__ = ["LONGEST", "Style", "cut", "printable"]

WIDEST: Final = 100
NARROWEST: Final = 60

_CODES: Final = {"bold": "1", "dim": "2", "error": "1;31", "warning": "1;33", "info": "1;34"}


@dataclass(frozen=True, kw_only=True)
class Style:
    """The colour and width to print with."""

    colour: bool
    width: int  # columns

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """The style of a stream: colour on a terminal, unless NO_COLOR is set."""
        colour = (
            stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        )
        columns = shutil.get_terminal_size(fallback=(WIDEST, 24)).columns
        return cls(colour=colour, width=max(NARROWEST, min(WIDEST, columns)))

    def paint(self, text: str, kind: str) -> str:
        """A text in the colour of a kind."""
        return f"\x1b[{_CODES[kind]}m{text}\x1b[0m" if self.colour else text

    def wrap(self, text: str, *, first: str = "", rest: str | None = None) -> str:
        """A text wrapped to the width and indented; its own line breaks stay."""
        rest = " " * len(first) if rest is None else rest
        lines: list[str] = []
        for line in text.splitlines() or [""]:
            lines += textwrap.wrap(
                printable(line),
                self.width,
                initial_indent=rest if lines else first,
                subsequent_indent=rest,
                break_on_hyphens=False,
            ) or [""]
        return "\n".join(lines)


def forget_output() -> None:
    """Let go of a pipe that its reader closed (`| head`), which Python would report at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""Texts of programs whose lines are read, as if they were cells of a notebook."""

from __future__ import annotations

import linecache
from textwrap import dedent

from tb_bnplugin.keras.lines.text import line_at
from tb_bnplugin.schema.places import Line

FILE = "<ipython-input-7-abcdefabcdef>"
SHOWN = "In [7]"


def program(text: str) -> None:
    """Make a text that of the file FILE."""
    text = dedent(text)
    linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)


def seen(*numbers: int) -> tuple[Line, ...]:
    """Lines of it that ran, the innermost first."""
    return tuple(line_at(FILE, number, "") for number in numbers)

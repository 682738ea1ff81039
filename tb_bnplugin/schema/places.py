"""Lines of the user's program, with their text, so that they can be shown where it is not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the user's program."""

    file: str  # relative to the working folder where it lies below it; "In [3]" of a notebook
    line: int  # 1-based
    function: str  # "<module>" outside of any
    text: str  # of the line, with its indentation
    before: tuple[str, ...] = ()  # the lines just before it, the nearest last
    after: tuple[str, ...] = ()
    depth: int = 0  # calls of layers around it: 0 calls the model, 1 is in the model's own `call`


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A line that was found by reading the program, not by seeing it run."""

    kind: str  # "compile", "trainable", "loss" and others: `keras/lines/statements.py`
    value: str  # what it sets or asks for: "true", "0.9"; of a method its class; "": not known
    line: Line

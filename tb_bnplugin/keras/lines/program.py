"""The user's program, as far as one watched model is concerned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import FrameType
from typing import Any, Final

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.lines.functions import function_line
from tb_bnplugin.keras.lines.stack import nearest_line, users_lines
from tb_bnplugin.keras.lines.statements import Stacks, statements
from tb_bnplugin.schema.facts import Call
from tb_bnplugin.schema.places import Line, Statement

MOST_BEGINNINGS: Final = 20
"""Lines that begin a `fit` or a watch: a program with more of them makes them in a loop."""


class ProgramLines:
    """Lines of the program that trains a model; none where they are not wanted."""

    def __init__(self, guard: Guard) -> None:
        self.wanted = True
        self._guard = guard
        self._begun: dict[tuple[Line, ...], str] = {}  # and by what: "fit", "watch"
        self._losses: dict[str, None] = {}  # names of functions of the user's
        self._found: tuple[object, tuple[Statement, ...]] = (None, ())

    def begin(self, by: str, frame: FrameType) -> None:
        """Take note of who trains the model: its functions may have been traced before.

        Args:
            by: "fit" or "watch".
            frame: from which outward the program is.
        """
        if self.wanted and len(self._begun) < MOST_BEGINNINGS:
            lines = self._guard.attempt("lines", users_lines, frame)
            if lines:
                self._begun.setdefault(lines, by)

    def of_calls(self, calls: tuple[Call, ...]) -> tuple[Call, ...]:
        """The calls, without their lines where none is wanted."""
        if self.wanted:
            return calls
        return tuple(replace(call, location="", stack=()) for call in calls)

    def of_loss(self, loss: Any, frame: FrameType) -> tuple[Line | None, Line | None]:
        """The line that makes a loss, where a function of the user's does, and that measures it.

        Args:
            loss: an object, a name or a function.
            frame: from which outward the line that measures it is.
        """
        if not self.wanted:
            return None, None
        line = function_line(loss)
        if line is not None and len(self._losses) < MOST_BEGINNINGS:
            self._losses[line.function] = None
        return line, nearest_line(frame)

    def statements(
        self, model: Any, layers: Sequence[Any], stacks: Stacks, traces: int
    ) -> tuple[Statement, ...]:
        """The statements of the program, read again where something new was traced.

        Args:
            model: that is trained.
            layers: its batch normalization layers.
            stacks: context and lines of each way these were called.
            traces: how many ways of calling were seen.
        """
        if not self.wanted:
            return ()
        state = (traces, len(self._begun), len(self._losses))
        if state != self._found[0]:
            begun = [(by, lines) for lines, by in self._begun.items()]
            stacks = [*stacks, *begun]
            read = self._guard.attempt("lines", statements, model, layers, stacks, self._losses)
            self._found = (state, read or ())
        return self._found[1]

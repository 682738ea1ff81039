"""The user's program, as far as one watched model is concerned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import FrameType
from typing import Any

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.lines.stack import nearest_line
from tb_bnplugin.keras.lines.statements import Stacks, function_line, statements
from tb_bnplugin.schema.facts import Call
from tb_bnplugin.schema.places import Line, Statement


class ProgramLines:
    """Lines of the program that trains a model; none where they are not wanted."""

    def __init__(self, guard: Guard) -> None:
        self.wanted = True
        self._guard = guard
        self._found: tuple[int, tuple[Statement, ...]] = (-1, ())

    def of_calls(self, calls: tuple[Call, ...]) -> tuple[Call, ...]:
        """The calls, without their lines where none is wanted."""
        if self.wanted:
            return calls
        return tuple(replace(call, location="", stack=()) for call in calls)

    def of_loss(self, loss: Any, frame: FrameType) -> dict[str, Line | None]:
        """The lines that make and measure a loss, named as in `LossFacts`.

        Args:
            loss: an object, a name or a function.
            frame: from which outward the line that measures it is.
        """
        if not self.wanted:
            return {}
        return {"line": function_line(loss), "measured_at": nearest_line(frame)}

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
        if traces != self._found[0]:
            read = self._guard.attempt("lines", statements, model, layers, stacks)
            self._found = (traces, read or ())
        return self._found[1]

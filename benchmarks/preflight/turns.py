"""The first turn of a loop that draws its rows itself: the values of its names before its step."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from benchmarks.preflight.loops import find_call, is_step

Found = Callable[[ast.For, FrameType], None]

_RECORDS: Final = "bench.record("


class FirstTurn:
    """Waits until a program is about to make the first step of a loop, and has it looked at.

    Loops over `batches` are not waited for: these are looked at where they draw a batch.

    Args:
        tree: of the program.
        file: that it is in.
        found: is called with the loop and the frame in which it runs, once.
    """

    def __init__(self, tree: ast.AST, file: str, found: Found) -> None:
        self._loops = list(loops_with_records(tree))
        self._file = file
        self._found = found

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Within, the program runs."""
        if not self._loops:
            yield
            return
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(before)

    def _called(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != self._file:
            return None
        return self._line

    def _line(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            for loop in self._loops:
                if _is_before_the_step(loop, frame):
                    sys.settrace(None)
                    self._loops = []
                    self._found(loop, frame)
                    return None
        return self._line


def loops_with_records(tree: ast.AST) -> Iterator[ast.For]:
    """The loops, over anything but `batches`, in which something is recorded."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For) and "batches(" not in ast.unparse(node.iter):
            text = "\n".join(map(ast.unparse, node.body))
            yield from [node] if _RECORDS in text else []


def _is_before_the_step(loop: ast.For, frame: FrameType) -> bool:
    """True at the statement that calls a step, and at the first one of a loop over (x, y)."""
    names = [name for name, each in frame.f_locals.items() if is_step(name, each)]
    for statement in loop.body:
        if statement.lineno <= frame.f_lineno <= (statement.end_lineno or statement.lineno):
            if isinstance(statement, ast.For):
                return False
            if find_call([statement], names) is not None:
                return True
            return statement is loop.body[0] and _is_whole(loop, names)
    return False


def _is_whole(loop: ast.For, names: list[str]) -> bool:
    """True of a loop over pairs that trains in its body."""
    pair = loop.target
    is_pair = isinstance(pair, ast.Tuple) and len(pair.elts) == 2
    records = any(ast.unparse(each).startswith(_RECORDS) for each in loop.body)
    return is_pair and records and find_call(loop.body, names) is None

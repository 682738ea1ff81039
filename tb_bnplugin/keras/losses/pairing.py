"""The line of a loss at which the rows of a batch meet each other, found by running it once more.

Labels (N,) less predictions (N, 1) are N x N values. The operation that makes them is seen as it
runs, and the line of the user's program that asked for it is among its callers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from tensorflow.python.framework import op_callbacks

from tb_bnplugin.keras.lines.stack import nearest_line
from tb_bnplugin.schema.places import Line


def pairing_line(evaluate: Callable[[], Any], rows: int) -> Line | None:
    """The one line that broadcasts the rows against each other; None: none does, or several.

    Args:
        evaluate: runs the loss, eagerly.
        rows: of the batch.
    """
    found: set[Line] = set()

    def look(_: str, inputs: Any, __: Any, outputs: Any, *___: Any, **____: Any) -> None:
        if _meet(inputs, outputs, rows):  # nothing is returned: the operation gives what it gave
            line = _line_within(sys._getframe(1))
            if line is not None:
                found.add(line)

    op_callbacks.add_op_callback(look)
    try:
        evaluate()
    finally:
        op_callbacks.remove_op_callback(look)
    return found.pop() if len(found) == 1 else None


def _meet(inputs: Sequence[Any], outputs: Sequence[Any], rows: int) -> bool:
    """True where an operation on several tensors makes two axes of rows, and none had them."""
    if len(inputs) < 2 or rows < 2:
        return False
    before, after = (
        max((tuple(each.shape).count(rows) for each in tensors), default=0)
        for tensors in (inputs, outputs)
    )
    return before < 2 <= after


def _line_within(frame: FrameType | None) -> Line | None:
    """The user's line nearest to an operation, within the call of the loss."""
    inner, here = frame, frame
    while here is not None and here.f_code is not pairing_line.__code__:
        here = here.f_back
    outside = None if here is None else nearest_line(here)
    line = nearest_line(inner)
    return None if line == outside else line

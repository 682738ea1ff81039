"""Read from the line that begins a training: the name of the model, and rows left in order."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from tb_bnplugin.keras.lines.callers import calls_at, origin
from tb_bnplugin.keras.lines.syntax import called_name
from tb_bnplugin.schema.places import Line

Begun = tuple[str, str, Line, int]  # kind, value, a line of the file, number of the line itself


def begun(by: str, stack: Sequence[Line]) -> Iterator[Begun]:
    """The kind "model" with the name of the model, "shuffle" of a `fit` that leaves rows in order.

    Args:
        by: "fit" or "watch".
        stack: lines, the innermost first.
    """
    calls = [call for line in stack[:1] for call in calls_at(line) if called_name(call) == by]
    if len(calls) != 1:
        return
    [call] = calls
    words = {word.arg: word.value for word in call.keywords}
    given = words.get("model", call.args[0] if call.args else None)
    if by == "fit":
        given = call.func.value if isinstance(call.func, ast.Attribute) else None
        shuffle = words.get("shuffle")
        if isinstance(shuffle, ast.Constant) and shuffle.value is False:
            yield "shuffle", "false", stack[0], shuffle.lineno
    found = None if given is None else origin(given, stack, 0)
    if found is not None:
        yield "model", ast.unparse(found[0]), stack[found[1]], stack[found[1]].line

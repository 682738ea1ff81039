"""Tapes in the text of a program: the loss that one differentiates, and the model it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any, Final

from tb_bnplugin.keras.lines.callers import calls_at, scope_of
from tb_bnplugin.keras.lines.syntax import (
    assigned_names,
    innermost_function,
    is_tape,
    last_assignment,
    own_nodes,
    tape_around,
    tree_of,
)
from tb_bnplugin.schema.places import Line

TRAINABLE: Final = ("trainable_variables", "trainable_weights")


def loss_line(text: str, number: int) -> int | None:
    """The line at which the loss is made whose gradient is taken around a line; None: not known.

    It is the last assignment to what `tape.gradient(...)` is given in the same function; without
    such a call, the last assignment within the tape's `with`.
    """
    tree = tree_of(text)
    scope = None if tree is None else innermost_function(tree, number)
    if scope is None:
        return None
    block = tape_around(scope, number)
    if block is None:
        return None
    nodes = list(own_nodes(scope))
    asked: list[Any] = [
        node
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("gradient", "minimize")
        and node.args
        and node.lineno >= block.lineno
    ]
    if asked and isinstance(asked[0].args[0], ast.Name):
        return last_assignment(nodes, asked[0].args[0].id, asked[0].lineno)
    made: list[Any] = [node for node in ast.walk(block) if assigned_names(node)]
    return max((node.lineno for node in made), default=None)


def own_tapes(seen: Iterable[Line]) -> Iterator[tuple[Line, int]]:
    """The lines that call a model under the tape that is asked for the gradient of this model.

    Of several calls in one way only the first was seen: where its tape is another model's, the text
    may have a call under its own tape in the same function. The model is the one name that all of
    the lines call and that has its weights named behind a tape. Nothing where there are two.

    Args:
        seen: lines that call the model under a tape.

    Yields:
        Each of them, and the line number of the call under the model's own tape.
    """
    lines = list(dict.fromkeys(seen))
    called = [{ast.unparse(call.func) for call in calls_at(line)} for line in lines]
    tapes = [_tapes(line) for line in lines]
    trained = {name for of in tapes for _, names in of for name in names}
    shared = [name for name in trained if all(name in each for each in called)]
    if len(shared) != 1:
        return
    for line, of in zip(lines, tapes, strict=True):
        here = {_asked(call) for call in calls_at(line) if ast.unparse(call.func) == shared[0]}
        own = [
            (node.lineno, _asked(node))
            for block, names in of
            for node in own_nodes(block)
            if shared[0] in names
            and isinstance(node, ast.Call)
            and ast.unparse(node.func) == shared[0]
        ]
        alike = {number for number, asked in own if asked in here}
        if line.line in alike or len(alike) == 1:
            yield line, line.line if line.line in alike else alike.pop()


def _asked(call: ast.Call) -> str:
    """The value that a call gives for `training`, as the text has it; "" for nothing."""
    given = [word.value for word in call.keywords if word.arg == "training"]
    return ast.unparse(given[0]) if given else ""


def _tapes(line: Line) -> list[tuple[ast.With, set[str]]]:
    """The tapes of the function around a line, each with whose gradient it is asked for.

    That is what has its trainable weights named behind the `with` of a tape and before the next.
    """
    scope = scope_of(line)
    nodes = [] if scope is None else list(own_nodes(scope))
    blocks = [node for node in nodes if isinstance(node, ast.With) and is_tape(node)]
    looped = {part for node in nodes if isinstance(node, ast.For) for part in ast.walk(node.iter)}
    found: list[tuple[ast.With, set[str]]] = []
    for block in blocks:
        begin = block.end_lineno or block.lineno
        end = min((each.lineno for each in blocks if each.lineno > begin), default=None)
        names = {
            ast.unparse(node.value)
            for node in nodes
            if isinstance(node, ast.Attribute) and node.attr in TRAINABLE and node not in looped
            if node.lineno > begin and (end is None or node.lineno < end)
        }
        found.append((block, names))
    return found

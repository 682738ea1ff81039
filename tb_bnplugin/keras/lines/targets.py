"""Where a step makes the targets that it gives to a loss of the user's."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import Any, Final

from tb_bnplugin.keras.lines.syntax import FUNCTIONS, assigned_names, called_name, own_nodes

_ELEMENTWISE: Final = ("where", "maximum", "minimum", "add", "subtract", "multiply", "divide")

Target = tuple[str, int, str]  # name of the loss, line, function


def targets(tree: ast.Module | None, losses: Collection[str]) -> Iterator[Target]:
    """The one assignment in which the rows of a target can meet others, for each loss.

    The target is a name, the first argument of the call. Looked at are its only assignment in the
    same function and those of the names that it is made of; arithmetic with more than constants
    stands in one of them.

    Args:
        tree: of a file, if it has one.
        losses: names of functions.
    """
    for scope in () if tree is None else ast.walk(tree):
        if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)):
            name = getattr(scope, "name", "<module>")
            nodes = list(own_nodes(scope))
            for call in nodes:
                if isinstance(call, ast.Call) and called_name(call) in losses and call.args:
                    line = _made(nodes, call.args[0])
                    if line is not None:
                        yield called_name(call), line, name


def _made(nodes: list[Any], target: ast.expr) -> int | None:
    lines: set[int] = set()
    names, seen = [target.id] if isinstance(target, ast.Name) else [], set()
    while names:
        name = names.pop()
        if name in seen:
            continue
        seen.add(name)
        made = [node for node in nodes if name in assigned_names(node)]
        if len(made) > 1 or (name == getattr(target, "id", "") and not made):
            return None
        for node in made:
            parts = [] if node.value is None else list(_own_parts(node.value))
            lines.update(node.lineno for part in parts if _meets(part))
            names += [part.id for part in parts if isinstance(part, ast.Name)]
    return lines.pop() if len(lines) == 1 else None


def _own_parts(value: ast.AST) -> Iterator[ast.AST]:
    yield value
    for child in ast.iter_child_nodes(value):
        if not isinstance(child, FUNCTIONS):
            yield from _own_parts(child)


def _meets(part: ast.AST) -> bool:
    """True of arithmetic between what may be two tensors."""
    if isinstance(part, ast.BinOp):
        return not (_is_number(part.left) or _is_number(part.right))
    return isinstance(part, ast.Call) and called_name(part) in _ELEMENTWISE


def _is_number(value: ast.expr) -> bool:
    """True of a number, or a name in capitals."""
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Name) and value.id.isupper())

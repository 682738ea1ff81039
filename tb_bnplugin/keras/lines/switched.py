"""The flag that a line passes as `training`: where the program sets it to False."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Sequence
from typing import Any

from tb_bnplugin.keras.lines.callers import calls_at, origin, parameters
from tb_bnplugin.keras.lines.syntax import scopes_around, tree_of
from tb_bnplugin.keras.lines.text import source_of
from tb_bnplugin.schema.places import Line

_Functions = (ast.FunctionDef, ast.AsyncFunctionDef)
Switched = tuple[str, Line, int]  # the value, a line of the file, the number of the one that sets


def switched(stack: Sequence[Line]) -> Iterator[Switched]:
    """The one line that gives False to what the call of a model passes as `training`.

    It is the caller that gives False for a parameter, or the assignment to a flag. The value is
    "false at FILE:LINE", the line that passes it on.

    Args:
        stack: the line that calls a model, and its callers.
    """
    asked = [
        word.value
        for line in stack[:1]
        for call in calls_at(line)
        for word in call.keywords
        if word.arg == "training" and not isinstance(word.value, ast.Constant)
    ]
    found = origin(asked[0], stack, 0) if len(asked) == 1 else None
    if found is None:
        return
    given, caller = found
    lines = [given.lineno] if _is_false(given) else _set_false(given, stack[caller])
    if len(lines) == 1:
        yield f"false at {stack[0].file}:{stack[0].line}", stack[caller], lines[0]


def _is_false(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


def _set_false(flag: ast.expr, line: Line) -> list[int]:
    """The lines that set a flag to False; [] where something else than True or False is given."""
    root, tree = flag, tree_of(source_of(line.file))
    while isinstance(root, (ast.Attribute, ast.Subscript)):
        root = root.value
    if not isinstance(root, ast.Name) or tree is None:
        return []
    return list(_lines(_holder(tree, root.id, line.line), root.id, ast.unparse(flag)))


@functools.lru_cache(maxsize=64)
def _lines(holder: ast.AST, root: str, flag: str) -> tuple[int, ...]:
    found = []
    for node in _nodes(holder, root):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if not any(flag in _texts(target) for target in targets if target is not None):
            continue
        value = getattr(node, "value", None)
        if not (isinstance(value, ast.Constant) and isinstance(value.value, bool)):
            return ()
        if not value.value:
            found.append(value.lineno)
    return tuple(found)


def _texts(target: ast.AST) -> set[str]:
    parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    return {ast.unparse(part) for part in parts}


def _holder(tree: ast.Module, name: str, number: int) -> Any:
    """The function or module that a name on a line belongs to; of `self` its class."""
    around = scopes_around(tree, number)
    for node in around:
        if isinstance(node, _Functions) and name == "self" and name in parameters(node):
            return next((each for each in around if isinstance(each, ast.ClassDef)), node)
        if isinstance(node, _Functions) and _binds(node, name):
            return node
    return tree


def _nodes(holder: ast.AST, name: str) -> Iterator[ast.AST]:
    """The nodes below a function, without functions that have a name of their own for it."""
    for child in ast.iter_child_nodes(holder):
        if isinstance(child, _Functions) and name != "self" and _binds(child, name):
            continue
        yield child
        yield from _nodes(child, name)


@functools.lru_cache(maxsize=1024)
def _binds(scope: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    if name in parameters(scope):
        return True
    nodes = list(_nodes(scope, name))
    if any(isinstance(node, (ast.Nonlocal, ast.Global)) and name in node.names for node in nodes):
        return False
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
        for node in nodes
    )

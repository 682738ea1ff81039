"""Values that a line passes on, followed to the caller that gave them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tb_bnplugin.keras.lines.syntax import (
    assigned_names,
    called_name,
    first_parameters,
    innermost_function,
    own_calls,
    own_nodes,
    tree_of,
)
from tb_bnplugin.keras.lines.text import source_of
from tb_bnplugin.schema.places import Line


def scope_of(line: Line) -> ast.AST | None:
    """The innermost function around a line, or the module; None where the text has no tree."""
    tree = tree_of(source_of(line.file))
    return None if tree is None else innermost_function(tree, line.line)


def function_at(line: Line, number: int) -> str:
    """The name of the function around a line of the same file."""
    scope = scope_of(replace(line, line=number))
    return str(getattr(scope, "name", "<module>"))


def calls_at(line: Line) -> list[ast.Call]:
    """The calls in the text that a line is part of, without those of functions around it."""
    scope = scope_of(line)
    calls = () if scope is None else own_calls(scope)
    return [call for call in calls if call.lineno <= line.line <= (call.end_lineno or 0)]


def origin(given: ast.expr, stack: Sequence[Line], at: int) -> tuple[ast.expr, int] | None:
    """Where a value comes from: a parameter is what the caller of its function gave for it.

    Args:
        given: an expression of the line.
        stack: lines, the innermost first.
        at: which of them.

    Returns:
        The expression and the line of the stack that has it; None where it is not known.
    """
    while isinstance(given, ast.Name):
        scope = scope_of(stack[at])
        if not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
            break
        if given.id not in parameters(scope) or _is_set(scope, given.id):
            break
        outer = None if at + 1 == len(stack) else _argument(scope, given.id, stack[at + 1])
        if outer is None:
            return None
        given, at = outer, at + 1
    return given, at


def parameters(scope: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The names of all parameters of a function."""
    more = [each.arg for each in (scope.args.vararg, scope.args.kwarg) if each is not None]
    return [*first_parameters(scope), *(each.arg for each in scope.args.kwonlyargs), *more]


def _is_set(scope: ast.AST, name: str) -> bool:
    return any(name in assigned_names(node) for node in own_nodes(scope))


def _argument(
    scope: ast.FunctionDef | ast.AsyncFunctionDef, name: str, line: Line
) -> ast.expr | None:
    """The value that a line gives for a parameter of the one call of a function that it has."""
    calls = [call for call in calls_at(line) if called_name(call) == scope.name]
    if len(calls) != 1:
        return None
    [call] = calls
    words: dict[Any, ast.expr] = {word.arg: word.value for word in call.keywords}
    if None in words or any(isinstance(each, ast.Starred) for each in call.args):
        return None
    names = first_parameters(scope)
    if isinstance(call.func, ast.Attribute) and names[:1] == ["self"]:
        names = names[1:]
    return (dict(zip(names, call.args, strict=False)) | words).get(name)

"""The syntax of a program: functions around a line, tapes around a call, what a name was given."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Sequence
from typing import Any, Final

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def tree_of(text: str) -> ast.Module | None:
    """The tree of a file; None where it cannot be parsed."""
    try:
        return _parse(text)
    except (SyntaxError, ValueError, RecursionError):  # a notebook's cell may hold magics
        return None


@functools.lru_cache(maxsize=16)
def _parse(text: str) -> ast.Module:
    return ast.parse(text)


def innermost_function(tree: ast.Module, number: int) -> ast.AST:
    """The innermost function around a line; the module where there is none."""
    around = [node for node in scopes_around(tree, number) if not isinstance(node, ast.ClassDef)]
    return around[0] if around else tree


def scopes_around(tree: ast.Module, number: int) -> list[Any]:
    """The functions and classes around a line, the innermost first."""
    around = [node for node in _scopes(tree) if node.lineno <= number <= node.end_lineno]
    return sorted(around, key=lambda node: node.lineno, reverse=True)


@functools.lru_cache(maxsize=16)
def _scopes(tree: ast.Module) -> tuple[Any, ...]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return tuple(node for node in ast.walk(tree) if isinstance(node, kinds))


def tape_around(scope: ast.AST, number: int) -> ast.With | None:
    """The `with` of a tape, of this function itself, around a line."""
    blocks = [
        node
        for node in own_nodes(scope)
        if isinstance(node, ast.With)
        and node.lineno <= number <= (node.end_lineno or node.lineno)
        and is_tape(node)
    ]
    return min(blocks, key=lambda node: node.lineno, default=None)


def is_tape(block: ast.With) -> bool:
    """True of a `with` that opens a `GradientTape`."""
    return any("GradientTape" in ast.dump(item.context_expr) for item in block.items)


def own_nodes(scope: ast.AST) -> Iterator[Any]:
    """The nodes of a function or module, without those of functions within it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            yield from own_nodes(child)


@functools.lru_cache(maxsize=64)
def own_calls(scope: ast.AST) -> tuple[ast.Call, ...]:
    """The calls in a function or module, without those of functions within it."""
    return tuple(node for node in own_nodes(scope) if isinstance(node, ast.Call))


def assigned_names(node: ast.AST) -> set[str]:
    """The names that a statement gives a value."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        targets = [node.target]
    names: set[str] = set()
    for target in targets:
        names.update(part.id for part in ast.walk(target) if isinstance(part, ast.Name))
    return names


def called_name(call: ast.Call) -> str:
    """The last name of what is called: "fit" of `model.fit(...)`; "" where it has none."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def first_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The names of the parameters that a function is given by their order."""
    return [each.arg for each in (*node.args.posonlyargs, *node.args.args)]


def first_line(node: Any) -> int:
    """The line at which a function begins, its decorators included."""
    decorators = getattr(node, "decorator_list", [])
    lines: list[int] = [node.lineno, *(each.lineno for each in decorators)]
    return min(lines)


def last_assignment(nodes: Sequence[Any], name: str, until: int) -> int | None:
    """The line that gave a name its value last, at a line or before it."""
    made = [node.lineno for node in nodes if name in assigned_names(node) and node.lineno <= until]
    return max(made, default=None)

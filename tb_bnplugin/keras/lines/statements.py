"""Statements of the user's program that no call shows, found by reading its text.

Where `trainable` was set, what was compiled, which loss a tape is asked to differentiate: nothing of
that runs through a watched layer. The files that call the model are read once for each trace.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator, Sequence
from types import CodeType
from typing import Any, Final

from tb_bnplugin.keras.calls.own_updates import is_keras_call
from tb_bnplugin.keras.flavour import is_keras_own
from tb_bnplugin.keras.lines.text import is_users, line_at, real_name, source_of
from tb_bnplugin.schema.places import Line, Statement

MOST_FILES: Final = 8
MOST_STATEMENTS: Final = 40
"""Of each kind: a program that sets `trainable` in more places tells nothing by them."""

LONGEST_FILE: Final = 1_000_000
"""Characters of a file that is read: a larger one is no program."""

Stacks = Sequence[tuple[str, tuple[Line, ...]]]

_Found = tuple[str, str, int, str]  # kind, value, line, function
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def statements(model: Any, layers: Iterable[Any], stacks: Stacks) -> tuple[Statement, ...]:
    """The statements of the program that trains a model.

    Args:
        model: that is trained.
        layers: its batch normalization layers.
        stacks: context and lines of each way these were called.
    """
    found: dict[Statement, None] = {}
    files = dict.fromkeys(line.file for _, stack in stacks for line in stack)
    for file in list(files)[:MOST_FILES]:
        real, text = real_name(file), source_of(file)
        if text and len(text) <= LONGEST_FILE:
            for kind, value, number, function in _read(text):
                found[_statement(kind, value, real, number, function)] = None
    for line in dict.fromkeys(_taped(stacks)):
        number = loss_line(source_of(line.file), line.line)
        if number is not None:
            found[_statement("loss", "", real_name(line.file), number, line.function)] = None
    for kind, cls in (("call", type(model)), ("train_step", type(model))):
        found.update(dict.fromkeys(_defined(kind, cls, kind)))
    for layer in layers:
        if not is_keras_call(layer):
            found.update(dict.fromkeys(_defined("layer_call", type(layer), "call")))
    return tuple(found)


def function_line(function: Any) -> Line | None:
    """The line of the one `return` of a function of the user's; None: it is none, or has several."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return None if code is None else _return_line(code)


@functools.lru_cache(maxsize=64)
def _return_line(code: CodeType) -> Line | None:
    if not is_users(code.co_filename):
        return None
    number = code.co_firstlineno
    tree = _tree(source_of(line_at(code.co_filename, number, code.co_name).file))
    if tree is None:
        return None
    here = [
        node
        for node in ast.walk(tree)
        if isinstance(node, _FUNCTIONS) and _first_line(node) == number
    ]
    if len(here) != 1:
        return None
    if isinstance(here[0], ast.Lambda):
        return line_at(code.co_filename, here[0].body.lineno, code.co_name)
    returns = [node for node in _own_nodes(here[0]) if isinstance(node, ast.Return)]
    return line_at(code.co_filename, returns[0].lineno, code.co_name) if len(returns) == 1 else None


def loss_line(text: str, number: int) -> int | None:
    """The line at which the loss is made whose gradient is taken around a line; None: not known.

    It is the last assignment to what `tape.gradient(...)` is given in the same function; without
    such a call, the last assignment within the tape's `with`.
    """
    tree = _tree(text)
    scope = None if tree is None else _innermost(tree, number)
    if scope is None:
        return None
    block = _tape_around(scope, number)
    if block is None:
        return None
    nodes = list(_own_nodes(scope))
    asked = [
        node
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("gradient", "minimize")
        and node.args
        and node.lineno >= block.lineno
    ]
    if asked and isinstance(asked[0].args[0], ast.Name):
        name, until = asked[0].args[0].id, asked[0].lineno
        made = [node for node in nodes if name in _assigned(node) and node.lineno <= until]
    else:
        made = [node for node in ast.walk(block) if _assigned(node)]
    return max((node.lineno for node in made), default=None)


def _taped(stacks: Stacks) -> Iterator[Line]:
    for context, stack in stacks:
        if context in ("tape", "unknown"):
            yield from (line for line in stack if line.depth == 0)


def _statement(kind: str, value: str, file: str, number: int, function: str) -> Statement:
    return Statement(kind=kind, value=value, line=line_at(file, number, function))


def _defined(kind: str, cls: type, method: str) -> list[Statement]:
    """The line at which a method of a class of the user's begins."""
    code = getattr(getattr(cls, method, None), "__code__", None)
    if code is None or is_keras_own(cls, method) or not is_users(code.co_filename):
        return []
    shown = line_at(code.co_filename, code.co_firstlineno, code.co_name)
    tree = _tree(source_of(shown.file))
    number = code.co_firstlineno
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and _first_line(node) == number:
            number = node.lineno  # behind its decorators
            break
    return [_statement(kind, cls.__name__, code.co_filename, number, code.co_name)]


@functools.lru_cache(maxsize=16)
def _read(text: str) -> tuple[_Found, ...]:
    """What a file sets and asks for, by kind at most so many."""
    tree = _tree(text)
    if tree is None:
        return ()
    counted: dict[str, int] = {}
    kept = []
    for found in sorted(_walk(tree, "<module>"), key=lambda each: each[2]):
        counted[found[0]] = counted.get(found[0], 0) + 1
        if counted[found[0]] <= MOST_STATEMENTS:
            kept.append(found)
    return tuple(kept)


def _walk(node: ast.AST, function: str) -> Iterator[_Found]:
    for child in ast.iter_child_nodes(node):
        name = getattr(child, "name", "<lambda>") if isinstance(child, _FUNCTIONS) else function
        if isinstance(child, ast.Assign):
            if any(isinstance(t, ast.Attribute) and t.attr == "trainable" for t in child.targets):
                yield "trainable", _literal(child.value), child.lineno, function
        elif isinstance(child, ast.Call):
            yield from _of_call(child, function)
        yield from _walk(child, name)


def _of_call(call: ast.Call, function: str) -> Iterator[_Found]:
    called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    called = call.func.id if isinstance(call.func, ast.Name) else called
    given = {word.arg: word.value for word in call.keywords if word.arg}
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if called == "compile" and not (isinstance(owner, ast.Name) and owner.id == "re"):
        yield "compile", "", call.lineno, function
    if "training" in given and _literal(given["training"]):
        yield "asked", _literal(given["training"]), call.lineno, function
    if called.endswith("BatchNormalization"):
        yield "layer", "", call.lineno, function


def _literal(value: ast.expr) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, (bool, int)):
        return "true" if value.value else "false"
    return ""


def _tree(text: str) -> ast.Module | None:
    try:
        return _parse(text)
    except (SyntaxError, ValueError, RecursionError):  # a notebook's cell may hold magics
        return None


@functools.lru_cache(maxsize=16)
def _parse(text: str) -> ast.Module:
    return ast.parse(text)


def _innermost(tree: ast.Module, number: int) -> ast.AST | None:
    """The innermost function around a line; the module where there is none."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.lineno <= number <= (node.end_lineno or node.lineno)
    ]
    return max(around, key=lambda node: node.lineno, default=tree)


def _tape_around(scope: ast.AST, number: int) -> ast.With | None:
    blocks = [
        node
        for node in _own_nodes(scope)
        if isinstance(node, ast.With)
        and node.lineno <= number <= (node.end_lineno or node.lineno)
        and any("GradientTape" in ast.dump(item.context_expr) for item in node.items)
    ]
    return min(blocks, key=lambda node: node.lineno, default=None)


def _own_nodes(scope: ast.AST) -> Iterator[Any]:
    """The nodes of a function or module, without those of functions within it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, (*_FUNCTIONS, ast.ClassDef)):
            yield from _own_nodes(child)


def _assigned(node: ast.AST) -> set[str]:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        targets = [node.target]
    names: set[str] = set()
    for target in targets:
        names.update(part.id for part in ast.walk(target) if isinstance(part, ast.Name))
    return names


def _first_line(node: ast.AST) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])  # type: ignore[attr-defined]

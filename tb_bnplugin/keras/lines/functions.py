"""The functions of the user's that a model is given, and the lines that make what they return."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from types import CodeType
from typing import Any

from tb_bnplugin.keras.flavour import is_keras_own
from tb_bnplugin.keras.lines.syntax import (
    FUNCTIONS,
    first_line,
    last_assignment,
    own_nodes,
    tree_of,
)
from tb_bnplugin.keras.lines.text import is_users, line_at, source_of
from tb_bnplugin.keras.model.layers import all_layers
from tb_bnplugin.schema.places import Line


def function_line(function: Any) -> Line | None:
    """The line that makes what a function of the user's returns; None: it is none, or has several.

    `function` may be an object whose class has a `call` or `__call__` of the user's. Where a name
    is returned, it is the last assignment to that name.
    """
    for method in (function, getattr(type(function), "call", None), type(function).__call__):
        code = getattr(getattr(method, "__func__", method), "__code__", None)
        if code is not None and is_users(code.co_filename):
            return _return_line(code.co_filename, code.co_firstlineno, code.co_name)
    return None


@functools.lru_cache(maxsize=64)
def _return_line(file: str, number: int, name: str) -> Line | None:
    here = _functions_at(file, number, name)
    if len(here) != 1:
        return None
    if isinstance(here[0], ast.Lambda):
        return line_at(file, here[0].body.lineno, name)
    nodes = list(own_nodes(here[0]))
    returns = [node for node in nodes if isinstance(node, ast.Return)]
    if len(returns) != 1:
        return None
    number = returns[0].lineno
    if isinstance(returns[0].value, ast.Name):
        number = last_assignment(nodes, returns[0].value.id, number) or number
    return line_at(file, number, name)


def method_of(cls: type, method: str) -> tuple[CodeType, ast.FunctionDef | None] | None:
    """The code of a method of a class of the user's, and its text; None where it is not his."""
    code = getattr(getattr(cls, method, None), "__code__", None)
    if code is None or is_keras_own(cls, method) or not is_users(code.co_filename):
        return None
    here = _functions_at(code.co_filename, code.co_firstlineno, code.co_name)
    return code, next((node for node in here if isinstance(node, ast.FunctionDef)), None)


def _functions_at(file: str, number: int, name: str) -> list[Any]:
    """The functions that begin at a line, of which a lambda may be one."""
    tree = tree_of(source_of(line_at(file, number, name).file))
    nodes = () if tree is None else ast.walk(tree)
    return [node for node in nodes if isinstance(node, FUNCTIONS) and first_line(node) == number]


def model_functions(model: Any) -> Iterator[tuple[str, Line]]:
    """The compiled losses that are functions of the user's, and what his `train_step` returns."""
    compiled = getattr(model, "loss", None)
    losses = compiled.values() if isinstance(compiled, dict) else compiled
    for loss in losses if isinstance(losses, (list, tuple)) else [losses]:
        line = None if loss is None or isinstance(loss, str) else function_line(loss)
        if line is not None:
            yield "loss_function", line
    found = method_of(type(model), "train_step")
    if found is not None and found[1] is not None:
        returns = [node for node in own_nodes(found[1]) if isinstance(node, ast.Return)]
        if returns:
            yield "returned", line_at(found[0].co_filename, returns[-1].lineno, found[1].name)


def lambda_lines(model: Any) -> Iterator[tuple[str, Line]]:
    """The path of each `Lambda` layer with a function of the user's, and the line of that."""
    for path, layer in all_layers(model) if hasattr(model, "_flatten_layers") else ():
        if type(layer).__name__ == "Lambda" and is_keras_own(type(layer), "call"):
            line = function_line(getattr(layer, "function", None))
            if line is not None:
                yield path, line

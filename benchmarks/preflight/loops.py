"""The step of a program's loop, found in its text: a function that it calls, or the body."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any


def find_loop(tree: ast.AST, line: int) -> ast.For | None:
    """The innermost `for` over batches that begins at this line."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.For)
        and node.lineno <= line <= (node.iter.end_lineno or line)
        and "batches(" in ast.unparse(node.iter)
    ]
    return found[-1] if found else None


def bind(loop: ast.For, batch: Any, names: dict[str, Any]) -> None:
    """Give the names of the loop the values of its first turn."""
    pair = loop.target
    if isinstance(pair, ast.Tuple) and isinstance(pair.elts[-1], ast.Tuple):
        names[ast.unparse(pair.elts[0])] = 1
        pair = pair.elts[-1]
    if isinstance(pair, ast.Tuple):
        names.update(zip(map(ast.unparse, pair.elts), batch, strict=True))
    else:
        names[ast.unparse(pair)] = batch


def find_call(loop: ast.For, names: Sequence[str]) -> ast.Call | None:
    """The first call of one of these functions in the body, without named arguments."""
    for statement in loop.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
                return None if node.keywords else node
    return None


def body_as_step(loop: ast.For, frame: FrameType, file: str) -> Callable[..., Any] | None:
    """The body of the loop as a function of the batch, without what it tells the bench."""
    pair = loop.target
    if isinstance(pair, ast.Tuple) and isinstance(pair.elts[-1], ast.Tuple):
        pair = pair.elts[-1]
    if not isinstance(pair, ast.Tuple):
        return None
    names = [ast.unparse(each) for each in pair.elts]
    kept = [each for each in loop.body if not ast.unparse(each).startswith("bench.")]
    made = ast.parse(f"def train_step({', '.join(names)}):\n    pass")
    function = made.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = kept
    held = {**frame.f_globals, **frame.f_locals, "step": 1}
    exec(compile(made, file, "exec"), held)
    step: Callable[..., Any] = held["train_step"]
    return step

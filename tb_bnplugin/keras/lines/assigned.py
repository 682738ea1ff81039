"""Where the text of a program writes weights: copies of trainable ones, and statistics reset."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final

from tb_bnplugin.keras.lines.tapes import TRAINABLE

_STATISTICS: Final = ("moving_mean", "moving_variance")

Assigned = tuple[str, str, int]  # kind, value, line


def assignments(node: ast.AST) -> Iterator[Assigned]:
    """The kind "copied" of a loop over trainable weights that assigns them, "reset" of a line.

    The value of a loop is what it writes the weights of, as the text names it; "" where that is not
    known.
    """
    if isinstance(node, ast.For) and _reads_trainable(node.iter):
        names = {part.id for part in ast.walk(node.target) if isinstance(part, ast.Name)}
        assigned = {_owner(each) for part in node.body for each in ast.walk(part)} & names
        if assigned:
            yield "copied", _written(node, assigned), node.iter.lineno
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        written = node.func.value
        if node.func.attr == "assign" and getattr(written, "attr", "") in _STATISTICS:
            yield "reset", "", node.lineno


def _written(loop: ast.For, names: set[str]) -> str:
    """The model whose weights a name of the loop stands for."""
    targets = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
    given = [loop.iter]
    if isinstance(loop.iter, ast.Call) and isinstance(loop.iter.func, ast.Name):
        given = loop.iter.args
        if loop.iter.func.id == "enumerate":
            targets = targets[1:]
        elif loop.iter.func.id != "zip":
            return ""
    if len(given) != len(targets):
        return ""
    models = {
        ast.unparse(of.value) if isinstance(of, ast.Attribute) and of.attr in TRAINABLE else ""
        for target, of in zip(targets, given, strict=True)
        if isinstance(target, ast.Name) and target.id in names
    }
    return models.pop() if len(models) == 1 else ""


def _reads_trainable(node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.Attribute) and part.attr in TRAINABLE for part in ast.walk(node)
    )


def _owner(node: Any) -> str:
    """The name of the variable that a call assigns; "" of anything else."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = node.func.value
        if node.func.attr == "assign" and isinstance(owner, ast.Name):
            return owner.id
    return ""

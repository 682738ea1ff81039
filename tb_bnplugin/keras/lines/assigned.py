"""Where the text of a program writes weights: copies of trainable ones, and statistics reset."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final

_TRAINABLE: Final = ("trainable_variables", "trainable_weights")
_STATISTICS: Final = ("moving_mean", "moving_variance")

Assigned = tuple[str, int]  # kind, line


def assignments(node: ast.AST) -> Iterator[Assigned]:
    """The kind "copied" of a loop over trainable weights that assigns them, "reset" of a line."""
    if isinstance(node, ast.For) and _reads_trainable(node.iter):
        names = {part.id for part in ast.walk(node.target) if isinstance(part, ast.Name)}
        if any(_owner(each) in names for part in node.body for each in ast.walk(part)):
            yield "copied", node.iter.lineno
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        written = node.func.value
        if node.func.attr == "assign" and getattr(written, "attr", "") in _STATISTICS:
            yield "reset", node.lineno


def _reads_trainable(node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.Attribute) and part.attr in _TRAINABLE for part in ast.walk(node)
    )


def _owner(node: Any) -> str:
    """The name of the variable that a call assigns; "" of anything else."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = node.func.value
        if node.func.attr == "assign" and isinstance(owner, ast.Name):
            return owner.id
    return ""

"""The marked places of a program: what is faulty in it, and what a cure has in its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MARK = "cure"  # the parameter of `run`: None, or the name of a cure


@dataclass(frozen=True, kw_only=True)
class Marked:
    """The parts of a program, for one cure."""

    faulty: Sequence[ast.AST]  # only where nothing is cured
    cured: Sequence[ast.AST]  # only in this cure
    kept: Sequence[ast.AST]  # the whole program as it is cured


def read_marks(source: str, cure: str) -> Marked:
    """What `if cure:`, `if cure == "NAME":` and `... if cure else ...` choose in a program."""
    before, after = _chosen(source, None), _chosen(source, cure)
    return Marked(
        faulty=[node for key, node in before.branches.items() if key not in after.branches],
        cured=[node for key, node in after.branches.items() if key not in before.branches],
        kept=[after.tree],
    )


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    tree: ast.AST  # without the branches that are not run
    branches: dict[tuple[int, int], ast.AST]  # those that are, by their place in the source


class _Choose(ast.NodeTransformer):
    """Puts the branch that runs in the place of each marked choice."""

    def __init__(self, cure: str | None) -> None:
        self.cure = cure
        self.branches: dict[tuple[int, int], ast.AST] = {}

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if not _is_mark(node.test):
            return self.generic_visit(node)
        run = node.body if _holds(node.test, self.cure) else node.orelse
        kept = [each for statement in run for each in self._statements(statement)]
        for each in kept:
            self._note(each)
        return kept

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        if not _is_mark(node.test):
            return self.generic_visit(node)
        kept: ast.AST = self.visit(node.body if _holds(node.test, self.cure) else node.orelse)
        self._note(kept)
        return kept

    def _statements(self, statement: ast.stmt) -> Iterator[ast.stmt]:
        kept = self.visit(statement)
        yield from kept if isinstance(kept, list) else [kept]

    def _note(self, node: ast.AST) -> None:
        self.branches[node.lineno, node.col_offset] = node  # type: ignore[attr-defined]


def _chosen(source: str, cure: str | None) -> _Chosen:
    choose = _Choose(cure)
    tree = choose.visit(ast.parse(source))
    return _Chosen(tree=tree, branches=choose.branches)


def _is_mark(test: ast.expr) -> bool:
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return names == {MARK}


def _holds(test: ast.expr, cure: str | None) -> bool:
    code = compile(ast.Expression(test), "<mark>", "eval")
    return bool(eval(code, {"__builtins__": {}}, {MARK: cure}))  # of our own source

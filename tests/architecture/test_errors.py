"""One tree of errors: the docstring shows it, and every error of the package stands in it."""

from __future__ import annotations

import ast
import inspect
import re

from tb_bnplugin import errors
from tests.conftest import ROOT

TREE = inspect.cleandoc(errors.__doc__ or "")
OF_TENSORBOARD = {"MethodNotAllowedError"}  # answered by TensorBoard, with its HTTP code


def drawn() -> dict[str, str]:
    """Each error of the tree in the docstring, and the one that it stands below."""
    above: list[tuple[int, str]] = []
    parents = {}
    for indent, name in re.findall(r"^( +)(?:\+ )?(\w+Error)\b", TREE, re.MULTILINE):
        above = [(depth, other) for depth, other in above if depth < len(indent)]
        parents[name] = above[-1][1] if above else "Exception"
        above.append((len(indent), name))
    return parents


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    classes = {
        name: cls for name, cls in vars(errors).items() if isinstance(cls, type) and name[0] != "_"
    }
    assert drawn() == {name: cls.__bases__[0].__name__ for name, cls in classes.items()}


def test_no_error_is_defined_elsewhere() -> None:
    elsewhere = {
        node.name
        for path in (ROOT / "tb_bnplugin").rglob("*.py")
        if path.name != "errors.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and node.name.endswith(("Error", "Exception"))
    }
    assert elsewhere == OF_TENSORBOARD

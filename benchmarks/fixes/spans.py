"""The code in a printed fix, and whether a program has it: word for word, but for variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

_SPAN = re.compile(r"`([^`]+)`")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_KEYWORD = re.compile(r"[A-Za-z_]\w*=[^=\s].*")

MODULES = ("keras", "np", "self", "super", "tb_bnplugin", "tf")
"""Names that are no variables; those of classes, which begin with a capital, are none either."""

Bound = dict[str, str]


def read_spans(text: str) -> tuple[str, ...]:
    """What stands in backticks, each once."""
    return tuple(dict.fromkeys(_SPAN.findall(text)))


def has_span(span: str, nodes: Iterable[ast.AST]) -> bool:
    """Whether parts of a program contain the code of a span.

    A variable of the span may have another name there, or be an attribute, an item or a constant;
    the same one each time. `...` stands for anything.
    """
    every = [each for node in nodes for each in ast.walk(node)]
    if _DOTTED.fullmatch(span):
        return any(_names(each, span) for each in every)
    if _KEYWORD.fullmatch(span):
        wanted = _parse(f"_({span})").value.keywords  # type: ignore[attr-defined]
        return any(
            isinstance(each, ast.Call) and all(_has_keyword(each, word, {}) for word in wanted)
            for each in every
        )
    pattern = _parse(span)
    if isinstance(pattern, ast.Expr):
        return any(_same(pattern.value, each, {}) for each in every)
    return any(_same(pattern, each, {}) for each in every)


def _parse(span: str) -> ast.stmt:
    """The code of a span; `def f(x): ... y = x` is a function with `y = x` somewhere in it.

    Raises:
        SyntaxError: it is no code.
    """
    lines = span.replace(": ... ", ":\n    ").replace("; ", "\n    ")
    try:
        return ast.parse(lines).body[0]
    except SyntaxError:
        return ast.parse(f"{lines} ...").body[0]


def _names(node: ast.AST, dotted: str) -> bool:
    """Whether a node is a name of the program, or the end of one: `trainable` of `bn.trainable`."""
    if isinstance(node, ast.Name | ast.Attribute):
        return f".{ast.unparse(node)}".endswith(f".{dotted}")
    if isinstance(node, ast.arg | ast.keyword):
        return node.arg == dotted
    return isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == dotted


def _has_keyword(call: ast.Call, wanted: ast.keyword, bound: Bound) -> bool:
    return any(
        each.arg == wanted.arg and _same(wanted.value, each.value, bound) for each in call.keywords
    )


def _same(pattern: object, node: object, bound: Bound) -> bool:
    """Whether a part of a program is the pattern; `bound` gains the names of its variables."""
    if _is_anything(pattern):
        return True
    if isinstance(pattern, ast.Name):
        return _same_name(pattern.id, node, bound)
    if type(pattern) is not type(node):
        return False
    if isinstance(pattern, ast.FunctionDef):
        assert isinstance(node, ast.FunctionDef)
        return _same_function(pattern, node, bound)
    if isinstance(pattern, ast.Call):
        assert isinstance(node, ast.Call)
        return _same_call(pattern, node, bound)
    if isinstance(pattern, ast.AST):
        fields = [name for name in pattern._fields if name not in ("ctx", "type_comment")]
        return all(_same(getattr(pattern, f), getattr(node, f), bound) for f in fields)
    if isinstance(pattern, list):
        assert isinstance(node, list)
        return _same_list(pattern, node, bound)
    return pattern == node


def _same_list(patterns: Sequence[object], nodes: Sequence[object], bound: Bound) -> bool:
    if patterns and _is_anything(patterns[-1]):
        patterns = patterns[:-1]
        nodes = nodes[: len(patterns)]
    return len(patterns) == len(nodes) and all(
        _same(each, node, bound) for each, node in zip(patterns, nodes, strict=True)
    )


def _same_name(name: str, node: object, bound: Bound) -> bool:
    if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Constant):
        return False
    text = ast.unparse(node)
    if name in MODULES:
        return text == name
    if name[0].isupper():
        return text.rsplit(".", 1)[-1] == name
    return bound.setdefault(name, text) == text


def _same_call(pattern: ast.Call, node: ast.Call, bound: Bound) -> bool:
    """Arguments in their order, keywords in any; the constructor of a class may have more."""
    if not _same(pattern.func, node.func, bound):
        return False
    more = bool(pattern.args) and _is_anything(pattern.args[-1])
    built = isinstance(pattern.func, ast.Name) and pattern.func.id[0].isupper()
    if not (built and not pattern.args) and not _same_list(pattern.args, node.args, bound):
        return False
    if not (more or built) and len(pattern.keywords) != len(node.keywords):
        return False
    return all(_has_keyword(node, wanted, bound) for wanted in pattern.keywords)


def _same_function(pattern: ast.FunctionDef, node: ast.FunctionDef, bound: Bound) -> bool:
    """The same name and arguments, and each statement of the pattern somewhere in the body."""
    if pattern.name != node.name or len(pattern.args.args) != len(node.args.args):
        return False
    if not _same_list(pattern.args.defaults, node.args.defaults, bound):
        return False
    for wanted, given in zip(pattern.args.args, node.args.args, strict=True):
        if wanted.arg in ("self", "training"):
            if wanted.arg != given.arg:
                return False
        elif bound.setdefault(wanted.arg, given.arg) != given.arg:
            return False
    inner = [each for statement in node.body for each in ast.walk(statement)]
    return all(
        _is_anything(wanted) or any(_try(wanted, each, bound) for each in inner)
        for wanted in pattern.body
    )


def _try(pattern: object, node: object, bound: Bound) -> bool:
    """`_same`, which binds nothing where it fails."""
    trial = dict(bound)
    if not _same(pattern, node, trial):
        return False
    bound.update(trial)
    return True


def _is_anything(node: object) -> bool:
    if isinstance(node, ast.Expr):
        node = node.value
    return isinstance(node, ast.Constant) and node.value is ...

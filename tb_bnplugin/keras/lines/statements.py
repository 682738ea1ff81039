"""Statements of the user's program that no call shows, found by reading its text.

Where `trainable` was set, what was compiled, which loss a tape is asked to differentiate: nothing
of that runs through a watched layer. The files that call the model are read once for each trace.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from tb_bnplugin.keras.calls.own_updates import is_keras_call
from tb_bnplugin.keras.lines.assigned import assignments
from tb_bnplugin.keras.lines.begun import begun
from tb_bnplugin.keras.lines.callers import function_at
from tb_bnplugin.keras.lines.functions import lambda_lines, method_of, model_functions
from tb_bnplugin.keras.lines.passed import options_of, parameters_of
from tb_bnplugin.keras.lines.slips import slips
from tb_bnplugin.keras.lines.switched import switched
from tb_bnplugin.keras.lines.syntax import (
    FUNCTIONS,
    called_name,
    is_tape,
    last_assignment,
    own_nodes,
    tree_of,
)
from tb_bnplugin.keras.lines.tapes import loss_line, own_tapes
from tb_bnplugin.keras.lines.targets import targets
from tb_bnplugin.keras.lines.text import line_at, real_name, source_of
from tb_bnplugin.schema.places import Line, Statement

MOST_FILES: Final = 8
MOST_STATEMENTS: Final = 20
"""Of each kind: a program that sets `trainable` in more places tells nothing by them."""

LONGEST_FILE: Final = 1_000_000
"""Characters of a file that is read: a larger one is no program."""

Stacks = Sequence[tuple[str, tuple[Line, ...]]]

_Found = tuple[str, str, int, str]  # kind, value, line, function


def statements(
    model: Any, layers: Sequence[Any], stacks: Stacks, losses: Collection[str] = ()
) -> tuple[Statement, ...]:
    """The statements of the program that trains a model.

    Args:
        model: that is trained.
        layers: its batch normalization layers.
        stacks: context and lines of each way these were called, and of each beginning.
        losses: names of the functions of the user's that were measured as losses.
    """
    found: dict[Statement, None] = {}
    files = dict.fromkeys(line.file for _, stack in stacks for line in stack)
    for file in list(files)[:MOST_FILES]:
        real, text = real_name(file), source_of(file)
        if text and len(text) <= LONGEST_FILE:
            for kind, value, number, function in _read(text):
                found[_statement(kind, value, real, number, function)] = None
            for loss, number, function in targets(tree_of(text), losses) if losses else ():
                found[_statement("target", loss, real, number, function)] = None
    found.update(dict.fromkeys(_of_stacks(stacks)))
    found.update(dict.fromkeys(_of_objects(model, layers)))
    return tuple(found)


def _of_stacks(stacks: Stacks) -> Iterator[Statement]:
    """Statements that the text has beside the lines that were seen to run."""
    outside: dict[tuple[str, tuple[Line, ...]], None] = {}  # many layers are called by one line
    for context, stack in stacks:
        if context not in ("fit", "watch"):
            outside[context, tuple(line for line in stack if not line.depth)] = None
            continue
        if context == "fit":
            yield Statement(kind="fit", value="", line=stack[0])
        for kind, value, line, number in begun(context, stack):
            yield _beside(kind, value, line, number)
    for stack in dict.fromkeys(stack for _, stack in outside):
        for value, line, number in switched(stack):
            yield _beside("switched", value, line, number)
    doubtful = [stack for context, stack in outside if context in ("tape", "unknown")]
    for line in dict.fromkeys(line for stack in doubtful for line in stack):
        made = loss_line(source_of(line.file), line.line)
        if made is not None:
            yield _statement("loss", "", real_name(line.file), made, line.function)
    taped = [stack[0] for context, stack in outside if context == "tape" and stack]
    for line, number in own_tapes(taped):
        yield _beside("own_tape", f"{line.file}:{line.line}", line, number)


def _of_objects(model: Any, layers: Sequence[Any]) -> Iterator[Statement]:
    """The code of the user's that the model and its layers hold."""
    for kind in ("call", "train_step"):
        yield from _defined(kind, type(model), kind)
    for kind, line in model_functions(model):
        yield Statement(kind=kind, value="", line=line)
    for path, line in lambda_lines(model):
        yield Statement(kind="lambda", value=path, line=line)
    for kind, value, file, number in slips(model, layers):
        yield _statement(kind, value, file, number, "call")
    for layer in layers:
        if not is_keras_call(layer):
            yield from _defined("layer_call", type(layer), "call")


def _beside(kind: str, value: str, line: Line, number: int) -> Statement:
    """A statement in the file of a line."""
    if number == line.line:
        return Statement(kind=kind, value=value, line=line)
    return _statement(kind, value, real_name(line.file), number, function_at(line, number))


def _statement(kind: str, value: str, file: str, number: int, function: str) -> Statement:
    return Statement(kind=kind, value=value, line=line_at(file, number, function))


def _defined(kind: str, cls: type, method: str) -> list[Statement]:
    """The line at which a method of a class of the user's begins, behind its decorators."""
    found = method_of(cls, method)
    if found is None:
        return []
    code, node = found
    number = code.co_firstlineno if node is None else node.lineno
    return [_statement(kind, cls.__name__, code.co_filename, number, code.co_name)]


@functools.lru_cache(maxsize=16)
def _read(text: str) -> tuple[_Found, ...]:
    """The statements of a file, of each kind at most so many."""
    tree = tree_of(text)
    if tree is None:
        return ()
    counted: dict[str, int] = {}
    kept = []
    known = parameters_of(tree)
    for found in sorted(_walk(tree, "<module>", known), key=lambda each: each[2]):
        counted[found[0]] = counted.get(found[0], 0) + 1
        if counted[found[0]] <= MOST_STATEMENTS:
            kept.append(found)
    return tuple(kept)


def _walk(
    node: ast.AST, function: str, known: Mapping[str, list[str]], *, taped: bool = False
) -> Iterator[_Found]:
    for child in ast.iter_child_nodes(node):
        name = getattr(child, "name", "<lambda>") if isinstance(child, FUNCTIONS) else function
        if isinstance(child, ast.Assign):
            if any(isinstance(t, ast.Attribute) and t.attr == "trainable" for t in child.targets):
                yield "trainable", _literal(child.value), child.lineno, function
        elif isinstance(child, ast.Call):
            yield from _of_call(child, function, taped=taped)
            yield from ((*each, function) for each in options_of(child, known))
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _applied(child)
            yield from _defaults(child)
        yield from ((*each, function) for each in assignments(child))
        within = taped or (isinstance(child, ast.With) and is_tape(child))
        yield from _walk(child, name, known, taped=within)


def _defaults(scope: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[_Found]:
    """A parameter `training` that is True or False where nobody gives it."""
    given = [*scope.args.posonlyargs, *scope.args.args]
    pairs: list[tuple[ast.arg, ast.expr | None]] = []
    pairs += zip(given[::-1], scope.args.defaults[::-1], strict=False)
    pairs += zip(scope.args.kwonlyargs, scope.args.kw_defaults, strict=True)
    for parameter, default in pairs:
        if parameter.arg == "training" and default is not None and _literal(default):
            yield "default", _literal(default), scope.lineno, scope.name


def _applied(scope: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[_Found]:
    """Where the gradients are made that an optimizer is given in a function."""
    nodes = list(own_nodes(scope))
    for node in nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        if node.func.attr not in ("apply_gradients", "apply"):
            continue
        given = node.args[0]
        if isinstance(given, ast.Call) and given.args:  # zip(gradients, variables)
            given = given.args[0]
        if isinstance(given, ast.Name):
            number = last_assignment(nodes, given.id, node.lineno)
            if number is not None:
                yield "applied", "", number, scope.name


def _of_call(call: ast.Call, function: str, *, taped: bool) -> Iterator[_Found]:
    called = called_name(call)
    given = {word.arg: word.value for word in call.keywords if word.arg}
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if called == "compile" and not (isinstance(owner, ast.Name) and owner.id == "re"):
        yield "compile", "", call.lineno, function
    if not taped and "training" in given and _literal(given["training"]):
        yield "asked", _literal(given["training"]), call.lineno, function


def _literal(value: ast.expr) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, (bool, int)):
        return "true" if value.value else "false"
    return ""

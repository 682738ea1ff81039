"""Slips in a `call` of the user's: an output that is overwritten, one layer called for another."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tb_bnplugin.keras.lines.functions import method_of
from tb_bnplugin.keras.lines.syntax import own_nodes
from tb_bnplugin.keras.model.layers import all_layers

_STATISTICS: Final = {"moving_mean": ("mean", "var"), "moving_variance": ("var", "mean")}
"""By attribute: a part of the names of what belongs into it, and of what does not."""

Slip = tuple[str, str, str, int]  # kind, value, file, line


def slips(model: Any, layers: Sequence[Any]) -> Iterator[Slip]:
    """Lines that look like a slip in the classes of the user's that a model is made of.

    Kinds: "overwritten", a statement that drops the output of a layer, and "called_again", the call
    of one layer where another is never called; the value is the path of the layer that has no
    effect. "miswritten", a moving statistic that is given the other; the value is "CLASS.NAME".

    Args:
        model: of the user's.
        layers: its batch normalization layers.
    """
    below = all_layers(model) if hasattr(model, "_flatten_layers") else []
    paths = {id(layer): path for path, layer in below}
    norms = {id(layer) for layer in layers}
    read: dict[type, Any] = {}
    for owner in (model, *(layer for _, layer in below)):
        if type(owner) not in read:
            read[type(owner)] = method_of(type(owner), "call") or (None, None)
        code, call = read[type(owner)]
        if code is None or call is None or not call.args.args:
            continue
        own = call.args.args[0].arg
        held = {name: layer for name, layer in vars(owner).items() if id(layer) in paths}
        for name, number in _overwritten(call.body, own, held):
            yield "overwritten", paths[id(held[name])], code.co_filename, number
        normalizing = {name: layer for name, layer in held.items() if id(layer) in norms}
        for name, number in _called_again(call, own, normalizing):
            yield "called_again", paths[id(held[name])], code.co_filename, number
        for name, number in _miswritten(call, own) if id(owner) in norms else ():
            yield "miswritten", f"{type(owner).__name__}.{name}", code.co_filename, number


def _overwritten(
    block: Sequence[ast.stmt], own: str, held: Mapping[str, Any]
) -> Iterator[tuple[str, int]]:
    """The layers whose output is given to a name that another statement gives anew, unread."""
    for at, made in enumerate(block):
        for part in ("body", "orelse", "finalbody"):
            yield from _overwritten(getattr(made, part, ()), own, held)
        name, layer = _stored(made), _called(getattr(made, "value", None), own)
        if name is None or layer not in held:
            continue
        for following in block[at + 1 :]:
            if _reads(following, name):
                break
            if _stored(following) == name:
                yield layer, following.lineno
                break


def _stored(statement: ast.stmt) -> str | None:
    """The one name that an assignment gives a value."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        return target.id if isinstance(target, ast.Name) else None
    return None


def _reads(node: ast.AST, name: str) -> bool:
    """True of a statement that may need the value of a name, or leaves the block."""
    return any(
        (isinstance(part, ast.Name) and part.id == name and not isinstance(part.ctx, ast.Store))
        or (isinstance(part, ast.AugAssign) and getattr(part.target, "id", "") == name)
        or isinstance(part, (ast.Return, ast.Raise, ast.Break, ast.Continue))
        for part in ast.walk(node)
    )


def _called(value: Any, own: str) -> str:
    """The attribute that a call calls: "conv" of `self.conv(x)`; "" of anything else."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        owner = value.func.value
        return value.func.attr if isinstance(owner, ast.Name) and owner.id == own else ""
    return ""


def _called_again(
    call: ast.FunctionDef, own: str, held: Mapping[str, Any]
) -> Iterator[tuple[str, int]]:
    """Layers that are not mentioned, and the line that calls their only sibling a second time.

    Siblings have names that differ in their digits, and one class. The first of two calls it is
    where the layer that is not called was made before the other.
    """
    nodes = list(own_nodes(call))
    mentioned = {node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)}
    order = list(held)
    for name in held:
        twice = []
        for other in held:
            lines = sorted(node.lineno for node in nodes if _called(node, own) == other)
            if _alike(name, other) and type(held[name]) is type(held[other]) and len(lines) > 1:
                twice.append((other, lines))
        if name in mentioned or len(twice) != 1:
            continue
        other, lines = twice[0]
        if len(lines) == len(set(lines)) == 2:
            yield name, lines[order.index(name) > order.index(other)]


def _alike(name: str, other: str) -> bool:
    digits = re.compile(r"\d+")
    return name != other and digits.sub("", name) == digits.sub("", other)


def _miswritten(call: ast.FunctionDef, own: str) -> Iterator[tuple[str, int]]:
    """The statistic that is written twice, once from what the other should be, and that line."""
    written: dict[str, list[tuple[set[str], int]]] = {name: [] for name in _STATISTICS}
    for node in own_nodes(call):
        for name, of in _written(node, own):
            written[name].append((of, node.lineno))
    for name, (right, wrong) in _STATISTICS.items():
        fits = [any(right in each for each in of) for of, _ in written[name]]
        other = [any(wrong in each for each in of) for of, _ in written[name]]
        if sum(map(len, written.values())) == 2 and sorted(zip(fits, other, strict=True)) == [
            (False, True),
            (True, False),
        ]:
            yield name, written[name][fits.index(False)][1]


def _written(node: ast.AST, own: str) -> Iterator[tuple[str, set[str]]]:
    """The statistics that a node writes, and the other names in it.

    It calls their `assign`, or hands them to a helper whose result nobody takes.
    """
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return
    assigns = isinstance(call.func, ast.Attribute) and call.func.attr.startswith("assign")
    for part in [getattr(call.func, "value", None)] if assigns else call.args:
        name = getattr(part, "attr", "")
        if name in _STATISTICS and getattr(getattr(part, "value", None), "id", "") == own:
            of = {each.id for each in ast.walk(call) if isinstance(each, ast.Name)}
            of |= {each.attr for each in ast.walk(call) if isinstance(each, ast.Attribute)}
            yield name, of - {name}

"""Options of a layer in the text of a program: where it is made, and what its maker is given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Final

from tb_bnplugin.keras.lines.syntax import called_name, first_parameters

_OPTIONS: Final = ("momentum", "epsilon", "virtual_batch_size", "from_logits", "reduction")
_OF_LAYERS: Final = ("momentum", "epsilon")
_DROPS: Final = re.compile(r"(Spatial|Gaussian|Alpha)?Dropout([123]D)?|GaussianNoise")
"""Keras' layers that change the variance in training alone."""
_DEFAULT_MOMENTUM: Final = "0.99"
"""Of either Keras."""

Option = tuple[str, str, int]  # kind, value, line


def parameters_of(tree: ast.Module) -> dict[str, list[str]]:
    """The parameters of each function of a file by its name, where only one has that name."""
    found: dict[str, list[str] | None] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found[node.name] = None if node.name in found else first_parameters(node)
    return {name: names for name, names in found.items() if names is not None}


def options_of(call: ast.Call, known: Mapping[str, list[str]]) -> Iterator[Option]:
    """The options that a call sets; a layer that it makes, with its momentum.

    Args:
        call: in the text.
        known: parameters of the functions of the file.
    """
    called = called_name(call)
    given = {word.arg: word.value for word in call.keywords if word.arg}
    if isinstance(call.func, ast.Name) and called in known:
        given = dict(zip(known[called], call.args, strict=False)) | given
    if called.endswith("BatchNormalization"):
        yield "layer", _momentum(call, given), call.lineno
        name = given.get("name")
        if isinstance(name, ast.Constant):
            yield "named", str(name.value), call.lineno
    if _DROPS.fullmatch(called):
        yield "dropout", "", call.lineno
    if called == "LearningRateScheduler" and (call.args or "schedule" in given):
        yield "schedule", "", given.get("schedule", (call.args or [call])[0]).lineno
    if called == "set_weights" and call.args and isinstance(call.args[0], ast.List):
        yield "set_weights", "", call.lineno
    for option in _OPTIONS:
        value = given.get(option)
        if value is None or (option in _OF_LAYERS and _is_optimizer(call)):
            continue
        if option == "epsilon" and not (called.endswith("BatchNormalization") or called in known):
            continue  # of a division of one's own, perhaps
        if isinstance(value, ast.Constant):
            yield option, str(value.value).lower(), value.lineno
        elif option == "reduction":
            yield option, "", value.lineno


def _momentum(call: ast.Call, given: Mapping[str, ast.expr]) -> str:
    """The momentum of a layer that is made; "": not known from the text."""
    value = given.get("momentum")
    if isinstance(value, ast.Constant):
        return str(value.value)
    everything = any(word.arg is None for word in call.keywords)
    return "" if value is not None or call.args or everything else _DEFAULT_MOMENTUM


def _is_optimizer(call: ast.Call) -> bool:
    """True of `keras.optimizers.SGD(...)`, and of the names of those that have a momentum."""
    return "optimizers" in ast.unparse(call.func) or called_name(call) in ("SGD", "RMSprop")

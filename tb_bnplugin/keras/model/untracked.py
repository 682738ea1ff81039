"""Batch normalization layers that a model's code calls, and that Keras does not track.

Keras finds the layers in attributes of layers, and in lists and dicts there. It does not look into
the function of a `Lambda`, into what a `call` takes from around it, or into plain objects.
"""

from __future__ import annotations

import functools
import types
import weakref
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.keras.flavour import is_keras_own
from tb_bnplugin.keras.model.layers import all_layers, is_batch_norm
from tb_bnplugin.keras.variables import local
from tb_bnplugin.schema.facts import Untracked

Values = npt.NDArray[Any]

DEPTH: Final = 3
"""Objects from the code of a layer to the one in question: a function, an object, a list."""

ITEMS: Final = 100
"""Of a container, those that are looked at."""

_FOREIGN: Final = ("keras", "tf_keras", "tensorflow", "numpy", "builtins", "tb_bnplugin")


class UntrackedLayers:
    """The untracked layers of one model: whether they run, and whether they learn."""

    def __init__(self) -> None:
        self._found: dict[int, _Found] = {}

    def begin(self, model: Any) -> None:
        """Find them; those that are known stay."""
        for path, layer in _untracked(model):
            if id(layer) not in self._found and getattr(layer, "trainable", False):
                self._found[id(layer)] = _Found(path, layer)

    def look(self) -> bool:
        """Return True where one of them has changed since it was found, and had not before."""
        changed = [found.look() for found in self._found.values()]  # each of them looks
        return any(changed)

    def facts(self) -> tuple[Untracked, ...]:
        """The facts of each."""
        return tuple(found.facts() for found in self._found.values())


class _Found:
    def __init__(self, path: str, layer: Any) -> None:
        self._path = path
        self._layer = weakref.ref(layer)
        self._began = _state(layer)
        self._changed = (False, False)

    def look(self) -> bool:
        layer, before = self._layer(), self._changed
        if layer is None or all(before):
            return False
        state = _state(layer)
        if not self._began[0]:
            self._began = state  # it was not built yet
        updated, learned = (_differ(*pair) for pair in zip(self._began, state, strict=True))
        self._changed = (before[0] or updated, before[1] or learned)
        return self._changed != before

    def facts(self) -> Untracked:
        updated, learned = self._changed
        return Untracked(path=self._path, updated=updated, learned=learned)


def _state(layer: Any) -> tuple[list[Values], list[Values]]:
    """The moving statistics, and gamma and beta; empty before the layer is built."""

    def values(*names: str) -> list[Values]:
        variables = [getattr(layer, name, None) for name in names]
        return [np.array(local(variable)) for variable in variables if variable is not None]

    return values("moving_mean", "moving_variance"), values("gamma", "beta")


def _differ(before: list[Values], now: list[Values]) -> bool:
    return any(not np.array_equal(*pair) for pair in zip(before, now, strict=False))


def _untracked(model: Any) -> Iterator[tuple[str, Any]]:
    holders = [("", model), *all_layers(model)]
    tracked = {id(layer) for _, layer in holders}
    for path, holder in holders:
        for layer in _called_by(holder, tracked):
            below = [layer, *(child for _, child in all_layers(layer))]
            for one in below:
                if id(one) not in tracked and is_batch_norm(one):
                    tracked.add(id(one))
                    name = str(getattr(one, "name", ""))
                    yield f"{path}/{name}" if path else name, one


def _called_by(holder: Any, tracked: set[int]) -> Iterator[Any]:
    """Layers that the code of `holder` can reach past Keras' tracking."""
    seen: set[int] = set()
    if type(holder).__name__ == "Lambda" and is_keras_own(type(holder), "call"):
        yield from _layers_in(getattr(holder, "function", None), tracked, seen, DEPTH)
    elif is_keras_own(type(holder), "call") is False:
        yield from _layers_in(type(holder).call, tracked, seen, DEPTH)
        for value in list(vars(holder).values()):
            yield from _layers_in(value, tracked, seen, DEPTH - 1)


def _layers_in(value: Any, tracked: set[int], seen: set[int], depth: int) -> Iterator[Any]:
    if depth < 0 or id(value) in seen or id(value) in tracked:
        return
    seen.add(id(value))
    if _is_layer(value):
        if not _is_model_of_its_own(value):
            yield value
        return
    for part in _parts(value):
        yield from _layers_in(part, tracked, seen, depth - 1)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, types.MethodType):
        return [value.__self__, value.__func__]
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, types.FunctionType):
        return list(_read_by(value))
    if isinstance(value, dict):
        return list(value.values())[:ITEMS]
    if isinstance(value, (list, tuple, set)):
        return list(value)[:ITEMS]
    module = type(value).__module__.partition(".")[0]
    if module in _FOREIGN or isinstance(value, (type, types.ModuleType)):
        return []
    return list(getattr(value, "__dict__", {}).values())[:ITEMS]


def _read_by(function: types.FunctionType) -> Iterator[Any]:
    """The values that a function takes from around it."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not filled yet
            continue
    yield from function.__defaults__ or ()
    names: list[str] = []
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        names += code.co_names
        codes += [part for part in code.co_consts if isinstance(part, types.CodeType)]
    for name in dict.fromkeys(names):
        value = function.__globals__.get(name)
        if _is_layer(value):  # a global of another kind is not the model's
            yield value


def _is_layer(value: Any) -> bool:
    return any(
        base.__name__ == "Layer" and base.__module__.startswith(("keras.", "tf_keras."))
        for base in type(value).__mro__
    )


def _is_model_of_its_own(layer: Any) -> bool:
    """True for a model that is trained and saved by itself, as far as it can be seen."""
    names = {base.__name__ for base in type(layer).__mro__}
    if "Model" not in names:
        return False
    return type(layer).__name__ != "Sequential" or getattr(layer, "optimizer", None) is not None

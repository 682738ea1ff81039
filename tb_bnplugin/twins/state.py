"""All that a train step may change, saved and put back bit for bit."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from types import CellType, FunctionType
from typing import Any, Final

import numpy as np
import tensorflow as tf
from tensorflow.python.ops import stateful_random_ops

from tb_bnplugin.keras.flavour import flavour_of_object
from tb_bnplugin.keras.model.layers import all_layers
from tb_bnplugin.keras.optimizers.description import attributes
from tb_bnplugin.keras.probe.preserve import (
    attributes_of,
    losses_of,
    restore_attributes,
    restore_losses,
)
from tb_bnplugin.keras.variables import copies
from tb_bnplugin.twins.functions import captured_variables, functions_in

_OF_GRAPHS: Final = ("KerasTensor", "KerasHistory", "Node", "InputSpec")
"""Classes of Keras that say how a model is connected: no step changes them."""

_LIBRARIES: Final = ("builtins", "numpy", "tensorflow", "threading", "weakref", "wrapt")


class SavedState:
    """All that a program can reach, as it was: variables, attributes, containers and random seeds.

    Saved are Keras objects (models, layers, optimizers, metrics) and whatever Keras objects they
    hold, the variables in them, the losses that layers collected, the program's own objects and
    variables as far as the step names them, what functions write that were traced before, and the
    seeds of TensorFlow, Keras, numpy and Python.
    """

    def __init__(self, reached: Iterable[Any]) -> None:
        """Save the state.

        Args:
            reached: values of the program, such as `search.reachable` gives.
        """
        # first: what is read below may import modules, which may draw
        self._random = (random.getstate(), np.random.get_state())  # noqa: NPY002
        self._seen: dict[int, Any] = {}  # kept alive: an id may be another's later
        self._attributes: list[tuple[Any, Any]] = []
        self._losses: list[tuple[Any, Any]] = []
        self._contents: list[tuple[Any, Any]] = []
        self._cells: list[tuple[CellType, Any]] = []
        self._named: list[tuple[dict[str, Any], str, Any]] = []
        self._variables: list[tuple[Any, tf.Tensor]] = []
        for value in (*reached, *_generators()):
            if isinstance(value, FunctionType):
                self._save_function(value)
            self._save(value)
        self._captured = list(_read(captured_variables(functions_in(self._seen.values()))))

    def restore(self) -> None:
        """Put everything back."""
        for saved, held in self._attributes:
            restore_attributes(saved, held)
        for container, content in self._contents:
            _refill(container, content)
        for cell, value in self._cells:
            cell.cell_contents = value
        for names, name, value in self._named:
            names[name] = value
        for layer, losses in self._losses:
            restore_losses(layer, losses)
        for part, value in self._variables:
            part.assign(value)
        for handle, value in self._captured:
            tf.raw_ops.AssignVariableOp(resource=handle, value=value)
        random.setstate(self._random[0])
        np.random.set_state(self._random[1])  # noqa: NPY002

    def _save(self, first: Any) -> None:
        waiting = [first]
        while waiting:
            value = waiting.pop()
            if id(value) in self._seen or isinstance(value, (str, bytes, int, float, type(None))):
                continue
            self._seen[id(value)] = value
            if _is_variable(value):
                self._save_variable(value)
            elif isinstance(value, tuple):
                waiting.extend(value)
            elif isinstance(value, (list, dict, set)):
                waiting.extend(self._save_container(value))
            elif _is_object(value):
                waiting.extend(self._save_object(value))

    def _save_variable(self, variable: Any) -> None:
        for part in copies(variable):
            if part.dtype not in (tf.resource, tf.variant):
                self._variables.append((part, tf.identity(part.read_value())))

    def _save_container(self, value: Any) -> list[Any]:
        container = getattr(value, "__wrapped__", value)  # tf_keras' dictionaries are proxies
        if not isinstance(container, (list, dict, set)):
            return []
        content = type_of(container)(container)
        self._contents.append((container, content))
        held = list(attributes(container).values())  # tf_keras' lists hold a second one
        items = list(content.values()) if isinstance(content, dict) else list(content)
        return [*held, *items]

    def _save_object(self, value: Any) -> list[Any]:
        held = attributes_of(value)
        self._attributes.append((value, held))
        if hasattr(value, "_losses") and hasattr(value, "add_loss"):
            self._losses.append((value, losses_of(value)))
        if not flavour_of_object(value):
            return []  # what an object of the program holds was reached by itself
        return [item for item, _ in held.values()]

    def _save_function(self, function: FunctionType) -> None:
        for cell in function.__closure__ or ():
            try:
                self._cells.append((cell, cell.cell_contents))
            except ValueError:  # not filled yet
                continue
        names = function.__globals__
        for name in function.__code__.co_names:
            if name in names:
                self._named.append((names, name, names[name]))


def _read(captured: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, tf.Tensor]]:
    for handle, dtype in captured:
        try:
            yield handle, tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype)
        except tf.errors.FailedPreconditionError:  # it has no value yet
            continue


def type_of(container: Any) -> Any:
    """The plain kind of a container: list, dict or set."""
    return next(kind for kind in (list, dict, set) if isinstance(container, kind))


def _refill(container: Any, content: Any) -> None:
    # By the methods of the plain kind: those of Keras' containers track what is put into them.
    kind = type_of(container)
    if kind is list:
        same = [id(item) for item in container] == [id(item) for item in content]
    elif kind is dict:
        same = list(map(id, dict.values(container))) == list(map(id, content.values())) and list(
            map(id, dict.keys(container))
        ) == list(map(id, content))
    else:
        same = len(container) == len(content) and set(map(id, container)) == set(map(id, content))
    if same:
        return
    kind.clear(container)
    (list.extend if kind is list else kind.update)(container, content)


def _is_variable(value: Any) -> bool:
    if isinstance(value, tf.Variable):
        return True
    return hasattr(type(value), "read_value") and hasattr(type(value), "assign")


def _is_object(value: Any) -> bool:
    if isinstance(value, (type, FunctionType)) or not attributes(value):
        return False
    if isinstance(value, tf.random.Generator):
        return True
    if flavour_of_object(value) is not None:
        return type(value).__name__ not in _OF_GRAPHS
    return type(value).__module__.partition(".")[0] not in _LIBRARIES


def _generators() -> Iterator[Any]:
    """The generators of random numbers that TensorFlow and Keras 3 keep for all programs."""
    generator = getattr(stateful_random_ops, "global_generator", None)
    if generator is not None:
        yield generator
    try:
        from keras.src.backend.common import global_state
    except ImportError:
        return
    seeds = global_state.get_global_attribute("global_seed_generator")
    if seeds is not None:
        yield seeds


def keep_seeds(first: Any, second: Any) -> None:
    """Give the layers of one model the random seeds of another that is built like it."""
    for (_, layer), (_, other) in zip(all_layers(first), all_layers(second), strict=False):
        state = getattr(getattr(layer, "seed_generator", None), "state", None)
        target = getattr(getattr(other, "seed_generator", None), "state", None)
        if state is not None and target is not None:
            target.assign(state)

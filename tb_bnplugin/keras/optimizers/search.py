"""Optimizers that the program holds where it calls: in its variables, or in what these hold.

A loop keeps its optimizer in a variable, a closure, an attribute or a checkpoint. Nothing is
patched for that: the frames that call an op, and what they name, are looked through.
"""

from __future__ import annotations

import functools
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FrameType, FunctionType, MethodType, ModuleType
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.keras.optimizers.description import attributes, is_optimizer

MOST_VALUES: Final = 4000
"""Values that are looked at in one search: some milliseconds."""

DEEPEST: Final = 3
"""Steps from a variable: `trainer` - its `state` - a dict in it - the optimizer."""

LONGEST: Final = 100  # a container with more values holds data

_LIBRARIES: Final = frozenset(
    (
        *("_pytest", "absl", "asyncio", "builtins", "contextlib", "importlib", "IPython"),
        *("ipykernel", "jax", "keras", "matplotlib", "numpy", "pandas", "pluggy", "pytest"),
        *("runpy", "sklearn", "tensorboard", "tensorflow", "tf_keras", "threading", "torch"),
        *("tornado", "traitlets", "tb_bnplugin"),
    )
)
"""Packages whose frames and objects hold no optimizer of the program."""

_PLAIN: Final = (str, bytes, int, float, complex, ModuleType, type(None), type)

_ASKING_FOR_THEM: Final = frozenset(("locals", "vars", "dir", "eval", "exec"))
"""Functions that give a program the copy of its own variables, or show it."""

_OPTIMIZED: Final = 0x1  # a function's frame: its variables stand in no dictionary


def in_frames(frame: FrameType | None) -> list[Any]:
    """The optimizers that the program's frames can reach, from this one outwards."""
    return find(_values_of_frames(frame))


def find(values: Iterable[Any]) -> list[Any]:
    """The optimizers among some values, and within them; nearer ones first."""
    return [value for value in reachable(values, is_optimizer) if is_optimizer(value)]


def reachable(values: Iterable[Any], is_whole: Callable[[Any], bool]) -> list[Any]:
    """Some values, and what they hold; nearer ones first.

    Args:
        values: where the search begins.
        is_whole: True for a value that is not looked into.
    """
    found: list[Any] = []
    seen: set[int] = set()
    waiting: deque[tuple[Any, int]] = deque()

    def see(value: Any, depth: int) -> None:
        if isinstance(value, _PLAIN) or id(value) in seen or len(seen) >= MOST_VALUES:
            return
        seen.add(id(value))
        found.append(value)
        if not is_whole(value) and depth < DEEPEST:
            waiting.append((value, depth))

    for value in values:
        see(value, 0)
    while waiting:
        value, depth = waiting.popleft()
        for held in _held_by(value):
            see(held, depth + 1)
    return found


def _values_of_frames(frame: FrameType | None) -> Iterator[Any]:
    modules: set[int] = set()
    while frame is not None:
        if is_of_program(frame):
            if frame.f_code.co_flags & _OPTIMIZED:
                yield from local_values(frame)
            if id(frame.f_globals) not in modules:
                modules.add(id(frame.f_globals))
                yield from list(frame.f_globals.values())
        frame = frame.f_back


def is_of_program(frame: FrameType) -> bool:
    """True where a frame is the program's, and no library's."""
    return _package(frame.f_globals.get("__name__")) not in _LIBRARIES


def local_values(frame: FrameType) -> list[Any]:
    """The variables of a function that runs.

    Before Python 3.13 they are copied for whoever asks, and the copy lives as long as the function
    runs: what the program deletes would stay in memory. So it is emptied again, unless the function
    itself may have asked for it, or a debugger has stopped in it, which gives it the copy back.
    """
    if sys.version_info >= (3, 13):
        return list(frame.f_locals.values())
    if not _ASKING_FOR_THEM.isdisjoint(frame.f_code.co_names):
        return []
    copied = frame.f_locals
    values = list(copied.values())
    if frame.f_trace is None:
        copied.clear()
    return values


def named_values(frame: FrameType) -> list[Any]:
    """The values of the names that the code of a frame uses, and what its `self` holds."""
    code, outside = frame.f_code, frame.f_globals
    values = [outside[name] for name in code.co_names if name in outside]
    if code.co_flags & _OPTIMIZED:
        values += local_values(frame)
    held = [
        _held_by(value) for value in values if _package(type(value).__module__) not in _LIBRARIES
    ]
    return [*values, *(each for some in held for each in some)]


def _held_by(value: Any) -> Iterable[Any]:
    """The values that one value holds, where an optimizer may be among them."""
    if isinstance(value, Mapping):
        return list(value.values()) if len(value) <= LONGEST else ()
    if isinstance(value, (list, tuple, set)):
        return list(value) if len(value) <= LONGEST else ()
    if isinstance(value, FunctionType):
        return _named_by(value)
    if isinstance(value, MethodType):
        return [value.__self__, value.__func__]
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    package = _package(type(value).__module__)
    if package in ("keras", "tf_keras", "tensorflow"):
        return _held_by_libraries(value)
    return list(attributes(value).values()) if package not in _LIBRARIES else ()


def _held_by_libraries(value: Any) -> Iterable[Any]:
    """A traced function's own function, a compiled model's optimizer, what is saved together."""
    function: Callable[..., Any] | None = attributes(value).get("_python_function")
    if function is not None:
        return [function]
    if isinstance(value, tf.train.Checkpoint):
        return list(attributes(value).values())
    return [attributes(value).get("optimizer")]  # a compiled model


def _named_by(function: FunctionType) -> list[Any]:
    """The objects that a function of the program names outside itself, and what it wraps."""
    if _package(function.__module__) in _LIBRARIES:
        return []
    outside = function.__globals__
    values = [outside[name] for name in function.__code__.co_names if name in outside]
    values.append(attributes(function).get("__wrapped__"))
    for cell in function.__closure__ or ():
        try:
            values.append(cell.cell_contents)
        except ValueError:  # not filled yet
            continue
    return values


def _package(module: Any) -> str:
    return str(module or "").partition(".")[0]

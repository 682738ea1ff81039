"""Traced functions of a program: traced anew while a twin looks, then as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from tb_bnplugin.keras.optimizers.description import attributes

_KEPT: Final = ("_python_function", "_descriptor_cache", "_lock", "_name")
"""What a function is, beside what was traced of it."""


def is_traced_function(value: Any) -> bool:
    """True if this is what `tf.function` returns."""
    return hasattr(type(value), "get_concrete_function") and "_python_function" in attributes(value)


def functions_in(reached: Iterable[Any]) -> list[Any]:
    """The functions of `tf.function` among some values, methods of the program's objects too."""
    found: dict[int, Any] = {}
    for value in list(reached):
        if is_traced_function(value):
            found[id(value)] = value
            continue
        for cls in type(value).__mro__:
            for name, member in vars(cls).items():
                if is_traced_function(member):
                    method = getattr(value, name, None)
                    if is_traced_function(method):
                        found[id(method)] = method
    return list(found.values())


def was_traced(function: Any) -> bool:
    """True if a function was called before, so that what it does is fixed."""
    return int(function.experimental_get_tracing_count()) > 0


@contextmanager
def traced_anew(functions: Iterable[Any]) -> Iterator[None]:
    """Within, each function is as if it had never been called, and is not compiled by XLA.

    What is traced within is forgotten at the end, and what was traced before is there again.
    """
    saved = [(function, dict(vars(function))) for function in functions]
    try:
        for function, held in saved:
            fresh = vars(function._clone(None))
            present = vars(function)
            present.update({name: fresh[name] for name in fresh if name not in _KEPT})
            present.update(_jit_compile=False, _omit_frequent_tracing_warning=True)
            present["_python_function"] = held["_python_function"]
        yield
    finally:
        for function, held in saved:
            vars(function).clear()
            vars(function).update(held)

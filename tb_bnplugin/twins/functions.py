"""Traced functions of a program: traced anew while a twin looks, then as they were."""

from __future__ import annotations

import copy
import dataclasses
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.keras.optimizers.description import attributes

_KEPT: Final = ("_python_function", "_descriptor_cache", "_lock", "_name")
"""Attributes that a function keeps, whatever was traced of it."""

_CONFIGS: Final = ("_variable_creation_config", "_no_variable_creation_config")
"""Where a function keeps how it traces, and the cache of what was traced."""

_RANDOM: Final = ("Random", "TruncatedNormal", "ParameterizedTruncatedNormal", "Multinomial")
"""Operations with random state; those without are called "Stateless..."."""


def is_traced_function(value: Any) -> bool:
    """True if this is what `tf.function` returns."""
    return hasattr(type(value), "get_concrete_function") and "_python_function" in attributes(value)


def owner_of(function: Any) -> Any:
    """The object whose method a traced function is; None: it is no method."""
    outer = function.python_function
    # autograph puts its converted function in the place of the wrapped one
    wrapped = getattr(outer, "__original_wrapped__", getattr(outer, "__wrapped__", None))
    return getattr(getattr(wrapped, "__self__", None), "target", None)


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


def captured_variables(functions: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Each variable that traced functions may write, as (handle, dtype).

    Counters of a watch are among them, which nothing of the program refers to.
    """
    found: dict[int, tuple[Any, Any]] = {}
    for function in functions:
        for traced in function._list_all_concrete_functions():
            for tensor in traced.captured_inputs:
                data = getattr(tensor, "_handle_data", None)
                if tensor.dtype == tf.resource and data is not None and data.is_set:
                    dtype = tf.as_dtype(data.shape_and_type[0].dtype)
                    found.setdefault(id(tensor), (tensor, dtype))
    return list(found.values())


def draws_with_state(function: Any) -> bool:
    """True if what was traced draws random numbers from operations that go on where they stopped.

    To run it would change the numbers that the program gets afterwards.
    """
    for traced in function._list_all_concrete_functions():
        definition = traced.graph.as_graph_def()
        nodes = [*definition.node, *(n for f in definition.library.function for n in f.node_def)]
        if any(node.op.startswith(_RANDOM) for node in nodes):
            return True
    return False


@contextmanager
def as_traced(functions: Iterable[Any]) -> Iterator[None]:
    """Within, each function runs what was traced of it; what is traced anew is forgotten."""
    saved = [(function, dict(vars(function))) for function in functions]
    try:
        for function, held in saved:
            cache = _copied(held["_function_cache"])
            configs = {
                name: dataclasses.replace(held[name], function_cache=cache)
                for name in _CONFIGS
                if held.get(name) is not None
            }
            vars(function).update(configs, _function_cache=cache)
        yield
    finally:
        for function, held in saved:
            vars(function).clear()
            vars(function).update(held)


def _copied(cache: Any) -> Any:
    copied = copy.copy(cache)
    copied._primary = copy.copy(cache._primary)
    copied._dispatch_dict = {key: copy.copy(held) for key, held in cache._dispatch_dict.items()}
    for table in copied._dispatch_dict.values():
        for name, value in vars(table).items():
            vars(table)[name] = copy.copy(value)
    return copied


@contextmanager
def without_retracing_warnings() -> Iterator[None]:
    """Within, TensorFlow does not warn of functions that are traced often: here they are."""
    logger = tf.get_logger()
    quiet = _Quiet()
    logger.addFilter(quiet)
    try:
        yield
    finally:
        logger.removeFilter(quiet)


class _Quiet(logging.Filter):
    """Lets all pass but the warning of `tf.function` that it retraces."""

    def filter(self, record: logging.LogRecord) -> bool:
        """False for that warning."""
        return "triggered tf.function retracing" not in str(record.msg)


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

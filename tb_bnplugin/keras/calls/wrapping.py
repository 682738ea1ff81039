"""The wrapper around the `call` of one layer, in which its calls are counted."""

from __future__ import annotations

import inspect
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import MethodType
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.calls.counting import LayerCounter
from tb_bnplugin.keras.identity import WeakIdentityDict

_counters: WeakIdentityDict[LayerCounter] = WeakIdentityDict()
_users: WeakIdentityDict[int] = WeakIdentityDict()
_lock = threading.Lock()


def attach(layer: Any, strategy: Any, guard: Guard) -> LayerCounter:
    """Wraps this instance's `call`, or takes part in the wrapper that is there."""
    with _lock:
        counter = _counters.get(layer)
        if counter is None:
            counter = LayerCounter(layer, strategy, guard)
            _counters.set(layer, counter)
        users = (_users.get(layer) or 0) + 1
        _users.set(layer, users)
        if users == 1:
            _wrap(layer, counter)
        return counter


def detach(layer: Any) -> None:
    """Gives the instance its own `call` back once nobody counts it any more."""
    with _lock:
        users = (_users.get(layer) or 0) - 1
        if users > 0:
            _users.set(layer, users)
            return
        _users.pop(layer)
        wrapper = layer.__dict__.get("call")
        prior = getattr(getattr(wrapper, "__func__", None), "_tb_bnplugin_prior", _NOTHING)
        if prior is _NOTHING:
            return  # somebody put another `call` on top: it is theirs, and ours inside goes quiet
        if prior is None:
            del layer.__dict__["call"]
        else:
            layer.__dict__["call"] = prior


@contextmanager
def counted_by_others(layers: Iterable[Any]) -> Iterator[None]:
    """Within, these layers have no counter, so that others may count; then theirs again.

    Whoever takes part within has to be gone by the end.
    """
    saved = [(layer, _counters.pop(layer), _users.pop(layer)) for layer in layers]
    try:
        yield
    finally:
        for layer, counter, users in saved:
            _counters.pop(layer)
            if counter is not None and users is not None:
                _counters.set(layer, counter)
                _users.set(layer, users)


def counter_of(layer: Any) -> LayerCounter | None:
    """The counter of a layer that is watched."""
    return _counters.get(layer)


_NOTHING: Final = object()


def _wrap(layer: Any, counter: LayerCounter) -> None:
    prior = layer.__dict__.get("call")
    bare = type(layer).call if prior is None else unbound(prior, layer)
    watched = weakref.ref(layer)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        # A copy of the layer carries the wrapper along and is not the layer that is watched.
        after: Callable[[], None] | None = None
        if self is watched():
            try:
                after = counter.count(args, kwargs, sys._getframe(1))
            except Exception as error:  # noqa: BLE001  # the bare call follows
                _fail(counter, error)
        # autograph puts its converted function here, for subclasses in tf_keras
        result = decorated.__wrapped__(self, *args, **kwargs)
        if after is not None:
            try:
                after()
            except Exception as error:  # noqa: BLE001  # the result is there
                _fail(counter, error)
        return result

    decorated = tf.__internal__.decorator.make_decorator(bare, call)
    decorated._tb_bnplugin_prior = prior
    layer.__dict__["call"] = MethodType(decorated, layer)


def unbound(method: Callable[..., Any], target: Any) -> Callable[..., Any]:
    """A method that somebody set on an object, as a function that takes the object first."""
    if isinstance(method, MethodType) and method.__self__ is target:
        return method.__func__

    def function(_: Any, *args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs)

    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = inspect.signature(method).parameters.values()
    function.__signature__ = inspect.Signature([own, *parameters])  # type: ignore[attr-defined]
    return function


@tf.autograph.experimental.do_not_convert
def _fail(counter: LayerCounter, error: Exception) -> None:
    counter.guard.fail("counting", error)

"""A method of one object that is wrapped, and given back."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import MethodType
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.keras.calls.wrapping import unbound

_NOTHING: Final = object()


class WrappedMethod:
    """One object's own method, wrapped on that object alone.

    A copy of the object carries the wrapper along, and is not the one that is watched.
    """

    def __init__(
        self, target: Any, name: str, around: Callable[..., Any], *, weak: bool = False
    ) -> None:
        """Wrap it.

        Args:
            target: the object.
            name: of the method.
            around: takes the bare method, the object, its arguments in two.
            weak: let the object go as soon as the program does; for objects that nobody copies.
        """
        self.name = name
        self.target = weakref.ref(target)
        self._prior = target.__dict__.get(name, _NOTHING)
        prior = self._prior
        bare = getattr(type(target), name) if prior is _NOTHING else unbound(prior, target)
        watched, watch = self.target, weakref.WeakMethod(around)

        def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
            # autograph puts its converted function in the place of the wrapped one
            run = decorated.__wrapped__
            around = watch()
            if around is None or self is not watched():
                return run(self, *args, **kwargs)
            return around(run, self, args, kwargs)

        decorated = tf.__internal__.decorator.make_decorator(bare, wrapper)
        decorated._tb_bnplugin_inner = prior
        method = _Unkept(self.target, decorated) if weak else MethodType(decorated, target)
        self._method = weakref.ref(method)
        target.__dict__[name] = method

    def restore(self) -> None:
        """Give the object its own method back, unless somebody put another one on top."""
        target = self.target()
        if target is None:
            return
        if target.__dict__.get(self.name) is not self._method():
            return
        if self._prior is _NOTHING:
            del target.__dict__[self.name]
        else:
            target.__dict__[self.name] = self._prior


class _Unkept:
    """A method that does not keep its object."""

    def __init__(self, target: Any, function: Callable[..., Any]) -> None:
        self._target = target
        self.__func__ = function

    @tf.autograph.experimental.do_not_convert
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__func__(self._target(), *args, **kwargs)

"""A class of its own for one object, since `__call__` is looked up in the class alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

_BASE: Final = "_tb_bnplugin_base"


def observe_calls(target: Any, changed: Callable[[Any, Any, Any], Any]) -> None:
    """Give an object a class whose `__call__` hands its result on.

    Whoever asks for the object's `__class__` is told its own, as Keras does when it saves.

    Args:
        target: the object.
        changed: takes the object, the first argument of a call and its result, and gives what the
            call returns.

    Raises:
        TypeError: the object's class cannot be replaced.
    """
    base = own_class(target)

    def observed(self: Any, first: Any, *args: Any, **kwargs: Any) -> Any:
        return changed(self, first, base.__call__(self, first, *args, **kwargs))

    def reduce(self: Any, protocol: Any) -> Any:
        # a copy or a pickle is of the object's own class: nothing of ours is in it
        set_class(self, base)
        try:
            return base.__reduce_ex__(self, protocol)
        finally:
            set_class(self, own)

    observed.__module__ = base.__module__  # autograph goes on treating it as before
    own = type(
        base.__name__,
        (base,),
        {
            "__call__": observed,
            "__class__": property(lambda _: base),
            "__reduce_ex__": reduce,
            "__module__": base.__module__,
            "__qualname__": base.__qualname__,
            _BASE: base,
        },
    )
    set_class(target, own)


def release(target: Any) -> None:
    """Give the object its own class back."""
    set_class(target, own_class(target))


def own_class(target: Any) -> Any:
    """The class that the program gave to an object."""
    return getattr(type(target), _BASE, type(target))


def set_class(target: Any, to: Any) -> None:
    """Give an object another class, whatever it says of its own."""
    object.__dict__["__class__"].__set__(target, to)

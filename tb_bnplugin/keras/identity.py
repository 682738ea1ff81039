"""Objects of the user told apart by identity: their `__eq__` and `__hash__` are never called."""

from __future__ import annotations

import weakref
from typing import Any, Generic, TypeVar

_Value = TypeVar("_Value")


class IdentityRef(weakref.ref[Any]):
    """A weak reference that equals another one of the same object, and is hashed by its id."""

    __slots__ = ("_id",)

    def __init__(self, target: Any) -> None:
        self._id = id(target)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        target = self()
        return isinstance(other, IdentityRef) and target is not None and target is other()

    def __ne__(self, other: object) -> bool:
        return not self == other  # a weak reference has its own, which compares the objects

    def __hash__(self) -> int:
        return self._id


class WeakIdentityDict(Generic[_Value]):
    """Values by object, each kept as long as its object lives."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref[Any], _Value]] = {}

    def get(self, key: Any) -> _Value | None:
        """The value of an object, None where it has none."""
        entry = self._entries.get(id(key))
        return entry[1] if entry is not None and entry[0]() is key else None

    def set(self, key: Any, value: _Value) -> None:
        """Give an object a value."""
        entries, at = self._entries, id(key)

        def remove(reference: weakref.ref[Any]) -> None:
            entry = entries.get(at)
            if entry is not None and entry[0] is reference:  # its id may be another's by now
                entries.pop(at, None)

        entries[at] = (weakref.ref(key, remove), value)

    def pop(self, key: Any) -> _Value | None:
        """Take the value of an object away, and return it."""
        value = self.get(key)
        if value is not None:
            del self._entries[id(key)]
        return value

    def __len__(self) -> int:
        return len(self._entries)

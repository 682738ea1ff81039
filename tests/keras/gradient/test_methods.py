"""A wrapped method: of one object alone, and given back."""

from __future__ import annotations

import copy
from typing import Any

from tb_bnplugin.keras.gradient.methods import WrappedMethod


class Counter:
    def __init__(self) -> None:
        self.value = 0

    def add(self, number: int) -> int:
        self.value += number
        return self.value


class Doubling:
    """Doubles what is added."""

    def around(self, run: Any, target: Any, args: Any, kwargs: Any) -> Any:
        return run(target, 2 * args[0], **kwargs)


def test_the_object_alone_is_wrapped_and_given_back() -> None:
    counter, other, doubling = Counter(), Counter(), Doubling()
    wrapped = WrappedMethod(counter, "add", doubling.around)
    assert (counter.add(3), other.add(3)) == (6, 3)
    wrapped.restore()
    assert counter.add(3) == 9
    assert "add" not in counter.__dict__


def test_a_copy_is_its_own() -> None:
    counter, doubling = Counter(), Doubling()
    wrapped = WrappedMethod(counter, "add", doubling.around)
    copied = copy.deepcopy(counter)
    assert copied.add(3) == 3
    assert counter.value == 0
    wrapped.restore()


def test_what_is_put_on_top_stays() -> None:
    counter, doubling = Counter(), Doubling()
    counter.__dict__["add"] = lambda number: 10 * number
    wrapped = WrappedMethod(counter, "add", doubling.around)
    assert counter.add(1) == 20
    theirs = counter.__dict__["add"] = lambda number: number
    wrapped.restore()
    assert counter.add is theirs


def test_without_its_owner_it_does_nothing() -> None:
    counter = Counter()
    wrapped = WrappedMethod(counter, "add", Doubling().around)
    assert counter.add(3) == 3
    wrapped.restore()

"""An optimizer is found where a program keeps one, from the frames that call an op."""

from __future__ import annotations

import functools
import gc
import sys
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import Flavour

PLACES: dict[str, Callable[[Any, ModuleType], Any]] = {}
"""By name: what a loop holds in a variable, made of an optimizer."""


def place(make: Callable[[Any, ModuleType], Any]) -> Callable[[Any, ModuleType], Any]:
    PLACES[make.__name__] = make
    return make


class Trainer:
    """A trainer as programs write it."""

    def __init__(self, optimizer: Any) -> None:
        self.state = {"optimizer": optimizer}

    def step(self) -> None:
        """Train a step."""


@place
def itself(optimizer: Any, tf: ModuleType) -> Any:
    return optimizer


@place
def a_dict(optimizer: Any, tf: ModuleType) -> Any:
    return {"generator": (optimizer, None)}


@place
def an_attribute(optimizer: Any, tf: ModuleType) -> Any:
    return Trainer(optimizer)


@place
def a_method(optimizer: Any, tf: ModuleType) -> Any:
    class Held:
        def __init__(self) -> None:
            self.optimizer = optimizer

        def step(self) -> None:
            """Train a step."""

    return Held().step


@place
def a_closure(optimizer: Any, tf: ModuleType) -> Any:
    def step() -> Any:
        return optimizer

    return step


@place
def a_traced_function(optimizer: Any, tf: ModuleType) -> Any:
    @tf.function
    def step() -> Any:
        return optimizer

    return step


@place
def a_partial(optimizer: Any, tf: ModuleType) -> Any:
    return functools.partial(print, optimizer)


@place
def a_checkpoint(optimizer: Any, tf: ModuleType) -> Any:
    return tf.train.Checkpoint(optimizer=optimizer)


@place
def a_compiled_model(optimizer: Any, tf: ModuleType) -> Any:
    keras = sys.modules[type(optimizer).__module__.partition(".")[0]]
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse")
    return model


def search() -> list[Any]:
    from tb_bnplugin.keras.optimizers import search as searching

    return searching.in_frames(sys._getframe(1))


# The programs below are functions without an assert: pytest's own asks for `locals()`, and a
# function that does so is not looked into.


def program(make: Callable[[Any, ModuleType], Any], keras: Any, tf: ModuleType) -> tuple[Any, Any]:
    """A loop that holds an optimizer in one of the PLACES, and what is found of it."""
    optimizer = keras.optimizers.Adam()
    held = make(optimizer, tf)  # noqa: F841  # this alone leads there
    kept = weakref.ref(optimizer)
    del optimizer

    def inner() -> list[Any]:
        return search()

    return kept(), inner()


@pytest.mark.parametrize("name", PLACES)
def test_an_optimizer_is_found(flavour: Flavour, tensorflow: ModuleType, name: str) -> None:
    optimizer, found = program(PLACES[name], flavour.keras, tensorflow)
    assert any(each is optimizer for each in found)


def test_one_in_a_module_is_found(flavour: Flavour, monkeypatch: pytest.MonkeyPatch) -> None:
    optimizer = flavour.keras.optimizers.Adam()
    monkeypatch.setattr(sys.modules[__name__], "global_optimizer", optimizer, raising=False)
    kept = weakref.ref(optimizer)
    del optimizer
    assert any(found is kept() for found in search())


def dropping(keras: Any, tf: ModuleType) -> tuple[bool, list[Any]]:
    """A function that deletes a tensor and a model after a search."""
    optimizer = keras.optimizers.Adam()
    tensor, model = tf.ones((3,)), keras.Sequential([keras.layers.Dense(1)])
    held = [weakref.ref(tensor), weakref.ref(model)]
    found = search()[0] is optimizer
    del tensor, model
    gc.collect()
    return found, [reference() for reference in held]


def test_what_a_loop_drops_is_not_kept(flavour: Flavour, tensorflow: ModuleType) -> None:
    """Python before 3.13 keeps a copy of a function's variables for who asks for them."""
    assert dropping(flavour.keras, tensorflow) == (True, [None, None])


def asking(keras: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A function that keeps what Python tells it of its variables."""
    optimizer = keras.optimizers.Adam()
    mine = locals()
    before = dict(mine)
    search()
    return before, mine


def test_what_a_function_knows_of_its_variables_stays(flavour: Flavour) -> None:
    before, after = asking(flavour.keras)
    assert set(before) <= set(after)
    assert after["optimizer"] is before["optimizer"]


def stopped_in(keras: Any) -> tuple[Any, bool]:
    """A function in which a debugger asks at each line, and searches at one of them."""
    optimizer = keras.optimizers.Adam()
    found: list[Any] = []

    def stop(frame: Any, event: str, _: Any) -> Any:
        if "kept" in frame.f_locals and not found:
            found.extend(searching_in(frame))
        return stop

    before = sys.gettrace()
    sys._getframe().f_trace = stop
    sys.settrace(lambda *_: None)
    kept = "its variables"
    sys.settrace(before)
    return kept, any(each is optimizer for each in found)


def searching_in(frame: Any) -> list[Any]:
    from tb_bnplugin.keras.optimizers import search as searching

    return searching.in_frames(frame)


def test_a_debugger_that_searches_leaves_the_variables_there(flavour: Flavour) -> None:
    """Python before 3.13 writes what a debugger was told of variables back into the function."""
    assert stopped_in(flavour.keras) == ("its variables", True)


class Hostile:
    """An object that refuses to be asked."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    __hash__ = None  # type: ignore[assignment]


def beside_hostile(keras: Any) -> bool:
    """A function that holds such objects beside its optimizer."""
    hostile = [Hostile(), {"a": Hostile()}]  # noqa: F841
    optimizer = keras.optimizers.SGD()
    return any(found is optimizer for found in search())


def test_objects_that_refuse_to_be_asked(flavour: Flavour) -> None:
    assert beside_hostile(flavour.keras)


def test_a_search_ends(flavour: Flavour) -> None:
    from tb_bnplugin.keras.optimizers import search as searching

    ring: list[Any] = []
    ring.append(ring)
    many = [[object() for _ in range(50)] for _ in range(searching.MOST_VALUES)]
    assert searching.find([ring, *many, flavour.keras.optimizers.SGD()]) == []

"""Objects of the user are told apart by identity: their `==` and `hash` are never called."""

from __future__ import annotations

import gc
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tb_bnplugin.keras.identity import IdentityRef, WeakIdentityDict
from tests.conftest import Flavour
from tests.support.logs import create, read_model
from tests.support.tiny import X, Y, compile_tiny, fit


class Incomparable:
    """As a tensor or an array, which has no one answer to whether it equals another."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("two objects of the user were compared")

    def __hash__(self) -> int:
        raise AssertionError("an object of the user was hashed")


def keeping_a_list(keras: Any) -> type:
    class Keeping(keras.layers.Layer):
        """Keeps what it saw in lists, as users do to look at it later."""

        def __init__(self) -> None:
            super().__init__(name="keeping")
            self.seen: list[Any] = []
            self.marks = [Incomparable()]
            self.__dict__["plain"] = [Incomparable()]  # past the lists of Keras' own kind

        def call(self, inputs: Any) -> Any:
            self.seen.append(inputs)
            self.marks.append(Incomparable())
            self.__dict__["plain"].append(Incomparable())
            return inputs

    return Keeping


def test_a_layer_may_keep_lists_of_what_cannot_be_compared(
    flavour: Flavour, tensorflow: ModuleType, tmp_path: Path
) -> None:
    keras = flavour.keras
    layer = keeping_a_list(keras)()
    layer.seen.append(tensorflow.zeros(3))
    model = compile_tiny(
        keras.Sequential(
            [
                keras.Input((3,)),
                layer,
                keras.layers.BatchNormalization(name="bn"),
                keras.layers.Dense(1),
            ]
        )
    )
    plain = len(vars(layer)["plain"])
    from tb_bnplugin.keras.probe import run as probe

    probe.run(model, X[:8], Y[:8])
    assert len(vars(layer)["plain"]) == plain
    fit(model, callbacks=[create(tmp_path, probe_data=(X[:8], Y[:8]))])
    history = read_model(tmp_path)
    assert history.probe is not None
    assert len(history.probe.steps) > 0
    assert history.facts.switched_off == ()


def test_layers_that_refuse_to_be_compared_are_counted_each_by_itself(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    from tb_bnplugin.guard import Guard
    from tb_bnplugin.keras.calls import wrapping

    class Normalization(flavour.keras.layers.BatchNormalization):  # type: ignore[name-defined]
        __eq__ = Incomparable.__eq__
        __hash__ = Incomparable.__hash__

    layers = [Normalization(), Normalization()]
    strategy, guard = tensorflow.distribute.get_strategy(), Guard("model")
    counters = [wrapping.attach(layer, strategy, guard) for layer in layers]
    for layer in layers:
        layer.build((4, 3))  # not called as a layer: Keras itself compares layers there
        layer.call(tensorflow.zeros((4, 3)), training=True)
    assert wrapping.attach(layers[0], strategy, guard) is counters[0]
    assert [int(sum(counter.executions.numpy()[:6])) for counter in counters] == [1, 1]
    for layer in (layers[0], *layers):
        assert "call" in vars(layer)
        wrapping.detach(layer)
    assert not any("call" in vars(layer) for layer in layers)
    assert not guard.failures


def test_references_are_equal_where_their_object_is_the_same() -> None:
    one, two = Incomparable(), Incomparable()
    first, again = IdentityRef(one), IdentityRef(one)
    assert first == again
    assert hash(first) == hash(again)
    assert first != IdentityRef(two)
    assert len({first, again, IdentityRef(two)}) == 2
    del one
    gc.collect()
    assert first() is None
    assert first != again
    assert len({first, first}) == 1


def test_a_value_lives_as_long_as_its_object() -> None:
    values: WeakIdentityDict[int] = WeakIdentityDict()
    one, two = Incomparable(), Incomparable()
    values.set(one, 1)
    values.set(two, 2)
    values.set(one, 3)
    assert (values.get(one), values.get(two), values.get(Incomparable())) == (3, 2, None)
    assert values.pop(two) == 2
    assert values.pop(two) is None
    del one
    gc.collect()
    assert len(values) == 0


@pytest.mark.parametrize("value", [False, 0, 0.0])
def test_a_mode_that_is_known_to_be_false_needs_no_comparison(value: Any) -> None:
    from tb_bnplugin.keras.calls import reason

    assert reason._is_false(value)
    assert not reason._is_false(Incomparable())

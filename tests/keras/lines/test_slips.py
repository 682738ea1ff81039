"""Slips in the `call` of layers and models of the user's."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from tb_bnplugin.keras.lines.slips import slips
from tb_bnplugin.keras.model.layers import all_layers
from tests.conftest import Flavour


def found(model: Any) -> list[tuple[str, str, str]]:
    """Kind, path of the layer or name of the statistic, and the text of the line."""
    lines = Path(inspect.getfile(found)).read_text().splitlines()
    layers = [layer for _, layer in all_layers(model) if "norm" in layer.name]
    return [
        (kind, value, lines[number - 1].partition("#")[2].strip())
        for kind, value, _, number in slips(model, layers)
    ]


def block(flavour: Flavour, called: Any) -> Any:
    """A model of one layer of the user's, "block", that holds a convolution and two norms."""
    layers = flavour.keras.layers

    class Block(layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__(name="block")
            self.conv = layers.Dense(4, name="conv")
            self.norm1 = layers.BatchNormalization(name="norm1")
            self.norm2 = layers.BatchNormalization(name="norm2")

        call = called

    return flavour.keras.Sequential([Block()])


def dropped(self: Any, x: Any) -> Any:
    out = self.conv(x)
    x = x + 1
    out = self.norm1(x)  # dropped
    return self.norm2(out)


def dropped_in_a_branch(self: Any, x: Any) -> Any:
    if x is not None:
        out = self.conv(x)
        out = self.norm1(x)  # dropped
    return self.norm2(out)


def used_within(self: Any, x: Any) -> Any:
    out = self.conv(x)
    out = self.norm1(out)
    return self.norm2(out)


def used_between(self: Any, x: Any) -> Any:
    out = self.conv(x)
    kept = out + x
    out = self.norm1(x)
    return self.norm2(out) + kept


def left_between(self: Any, x: Any) -> Any:
    out = self.conv(x)
    if x is None:
        return self.norm2(x)
    out = self.norm1(x)
    return out * 2


def another_name(self: Any, x: Any) -> Any:
    out = self.conv(x)
    also = self.norm1(x)
    return self.norm2(out + also)


def twice(self: Any, x: Any) -> Any:
    x = self.norm1(self.conv(x))
    return self.norm1(x)  # twice


def the_first_is_wrong(self: Any, x: Any) -> Any:
    x = self.norm2(self.conv(x))  # twice
    return self.norm2(x)


def three_times(self: Any, x: Any) -> Any:
    x = self.norm1(self.conv(x))
    x = self.norm1(x)
    return self.norm1(x)


def on_one_line(self: Any, x: Any) -> Any:
    return self.norm1(self.norm1(self.conv(x)))


def mentioned(self: Any, x: Any) -> Any:
    x = self.norm1(self.conv(x))
    x = self.norm1(x)
    return x if self.norm2 is None else 2 * x


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (dropped, [("overwritten", "block/conv", "dropped")]),
        (dropped_in_a_branch, [("overwritten", "block/conv", "dropped")]),
        *((call, []) for call in (used_within, used_between, left_between, another_name)),
        (twice, [("called_again", "block/norm2", "twice")]),
        (the_first_is_wrong, [("called_again", "block/norm1", "twice")]),
        *((call, []) for call in (three_times, on_one_line, mentioned)),
    ],
)
def test_outputs_that_are_dropped_and_layers_called_for_another(
    call: Any, expected: list[tuple[str, str, str]], flavour: Flavour
) -> None:
    assert found(block(flavour, call)) == expected


def test_layers_whose_names_say_that_they_are_no_siblings(flavour: Flavour) -> None:
    layers = flavour.keras.layers

    class Net(flavour.keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.norm_shared = layers.BatchNormalization(name="norm_shared")
            self.norm_of_head = layers.BatchNormalization(name="norm_of_head")

        def call(self, x: Any) -> Any:
            x = self.norm_shared(x)
            return self.norm_shared(x)

    assert found(Net()) == []


def norm(flavour: Flavour, called: Any) -> Any:
    """A model of one normalization of the user's."""

    class Norm(flavour.keras.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        moving_mean: Any = None
        moving_variance: Any = None
        call = called

        def move(self, moving: Any, of: Any) -> None: ...

    return flavour.keras.Sequential([Norm(name="norm")])


def by_a_helper(self: Any, x: Any) -> Any:
    mean, variance = x
    self.move(self.moving_variance, mean)  # wrong
    self.move(self.moving_variance, variance)
    return x


def by_assign(self: Any, x: Any) -> Any:
    self.moving_mean.assign(0.9 * self.moving_mean + 0.1 * x.mean())
    self.moving_mean.assign(0.9 * self.moving_mean + 0.1 * x.var())  # wrong
    return x


def right(self: Any, x: Any) -> Any:
    mean, variance = x
    self.move(self.moving_mean, mean)
    self.move(self.moving_variance, variance)
    return x


def one_forgotten(self: Any, x: Any) -> Any:
    self.move(self.moving_variance, x.mean())
    return x


def each_fits(self: Any, x: Any) -> Any:
    self.move(self.moving_variance, x.var())
    self.move(self.moving_variance, x.var())
    return x


def names_tell_nothing(self: Any, x: Any) -> Any:
    a, b = x
    self.move(self.moving_variance, a)
    self.move(self.moving_variance, b)
    return x


def only_read(self: Any, x: Any) -> Any:
    a = self.move(self.moving_variance, x.mean())
    b = self.move(self.moving_variance, x.var())
    return a, b


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (by_a_helper, [("miswritten", "Norm.moving_variance", "wrong")]),
        (by_assign, [("miswritten", "Norm.moving_mean", "wrong")]),
        *((call, []) for call in (right, one_forgotten, each_fits)),
        *((call, []) for call in (names_tell_nothing, only_read)),
    ],
)
def test_a_statistic_that_is_given_the_other(
    call: Any, expected: list[tuple[str, str, str]], flavour: Flavour
) -> None:
    assert found(norm(flavour, call)) == expected

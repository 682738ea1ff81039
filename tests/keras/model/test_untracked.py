"""Layers that a model's code calls past Keras' tracking, on both flavours."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.keras.model.untracked import UntrackedLayers
from tests.conftest import Flavour

X = np.random.default_rng(0).normal(3.0, 2.0, (16, 4)).astype("float32")


def in_lambda(keras: Any, function: Callable[[Any], Any]) -> Any:
    inputs = keras.Input((4,))
    called = keras.layers.Lambda(function, name="norm", output_shape=(4,))(inputs)
    return keras.Model(inputs, keras.layers.Dense(1)(called))


def closure(keras: Any, bn: Any) -> Any:
    return in_lambda(keras, lambda x: 1.0 * bn(x))


def default(keras: Any, bn: Any) -> Any:
    def call(x: Any, layer: Any = bn) -> Any:
        return layer(x)

    return in_lambda(keras, call)


def partial(keras: Any, bn: Any) -> Any:
    return in_lambda(keras, functools.partial(lambda layer, x: layer(x), bn))


def plain_object(keras: Any, bn: Any) -> Any:
    class Holds(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.block = SimpleNamespace(bn=bn)
            self.head = keras.layers.Dense(1)

        def call(self, x: Any, training: Any = None) -> Any:
            return self.head(self.block.bn(x, training=training))

    model = Holds()
    model(X)
    return model


def around_call(keras: Any, bn: Any) -> Any:
    class Takes(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.head = keras.layers.Dense(1)

        def call(self, x: Any, training: Any = None) -> Any:
            return self.head(bn(x, training=training))

    model = Takes()
    model(X)
    return model


@pytest.mark.parametrize("build", [closure, default, partial, plain_object, around_call])
def test_finds_a_layer_and_sees_it_run(flavour: Flavour, build: Any) -> None:
    bn = flavour.keras.layers.BatchNormalization(name="bn")
    bn.build((None, 4))
    found = UntrackedLayers()
    found.begin(build(flavour.keras, bn))
    assert [layer.path.rpartition("/")[2] for layer in found.facts()] == ["bn"]
    assert not found.look()
    bn(X, training=True)
    assert found.look()
    (layer,) = found.facts()
    assert (layer.updated, layer.learned) == (True, False)
    bn.gamma.assign(bn.gamma + 1.0)
    assert found.look()
    assert found.facts()[0].learned


def test_a_layer_that_is_built_later_begins_there(flavour: Flavour) -> None:
    bn = flavour.keras.layers.BatchNormalization(name="bn")

    def function(x: Any) -> Any:
        return bn(x) if x is None else x

    found = UntrackedLayers()
    found.begin(in_lambda(flavour.keras, function))
    assert not found.look()
    bn(X, training=False)
    assert not found.look()
    bn(X, training=True)
    assert found.look()


def in_a_list(keras: Any, bn: Any) -> Any:
    class Lists(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.norms = [bn]
            self.named = {"bn": bn}

        def call(self, x: Any, training: Any = None) -> Any:
            return self.norms[0](x, training=training)

    model = Lists()
    model(X)
    return model


def a_model_of_its_own(keras: Any, bn: Any) -> Any:
    inputs = keras.Input((4,))
    other = keras.Model(inputs, bn(inputs))
    return in_lambda(keras, lambda x: 1.0 * other(x))


def frozen(keras: Any, bn: Any) -> Any:
    bn.build((None, 4))
    bn.trainable = False
    return in_lambda(keras, lambda x: 1.0 * bn(x))


def own_class(keras: Any, bn: Any) -> Any:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.ReLU()])


@pytest.mark.parametrize("build", [in_a_list, a_model_of_its_own, frozen, own_class])
def test_what_keras_tracks_or_the_program_means_is_left_out(flavour: Flavour, build: Any) -> None:
    found = UntrackedLayers()
    found.begin(build(flavour.keras, flavour.keras.layers.BatchNormalization()))
    assert found.facts() == ()

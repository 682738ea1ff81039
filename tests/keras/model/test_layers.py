"""Every layer that Keras tracks is found, once, under a path of its own."""

from __future__ import annotations

from typing import Any

import pytest

from tb_bnplugin.keras.flavour import flavour_of, flavour_of_object, imported_flavour
from tb_bnplugin.keras.model.layers import all_layers, batch_norm_layers
from tb_bnplugin.schema.facts import LayerFacts
from tb_bnplugin.training.recorder import Recorder, watch_model
from tests.conftest import Flavour
from tests.support.tiny import recorded_facts


def paths(model: Any) -> list[str]:
    return [path for path, _ in batch_norm_layers(model)]


def test_nested_models_are_in_the_path_and_in_order(flavour: Flavour) -> None:
    keras = flavour.keras
    inner = keras.Sequential(name="inner")
    for name in ("first", "second"):
        inner.add(keras.layers.BatchNormalization(name=name))
    last = keras.layers.BatchNormalization(name="last")
    model = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(2), last])
    assert paths(model) == ["inner/first", "inner/second", "last"]


def test_lists_dictionaries_and_wrappers_are_searched(flavour: Flavour) -> None:
    keras: Any = flavour.keras

    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.listed = [keras.layers.BatchNormalization(name="a")]
            self.named = {"x": [keras.layers.BatchNormalization(name="b")]}
            normalization = keras.layers.BatchNormalization(name="c")
            self.wrapped = keras.layers.TimeDistributed(normalization, name="each_step")

    assert sorted(paths(Model())) == ["a", "b", "each_step/c"]


def test_a_shared_layer_is_found_once(flavour: Flavour) -> None:
    keras = flavour.keras
    shared = keras.layers.BatchNormalization(name="shared")
    inputs = keras.Input((4,))
    model = keras.Model(inputs, shared(keras.layers.Dense(4)(shared(inputs))))
    assert paths(model) == ["shared"]


def test_layers_of_one_name_get_paths_of_their_own(flavour: Flavour) -> None:
    keras: Any = flavour.keras

    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [keras.layers.BatchNormalization(name="bn") for _ in range(3)]

    assert paths(Model()) == ["bn", "bn_1", "bn_2"]


def test_all_layers_are_those_that_keras_flattens(flavour: Flavour) -> None:
    model = flavour.keras.applications.MobileNetV2(
        weights=None, alpha=0.35, input_shape=(32, 32, 3)
    )
    outer = flavour.keras.Sequential([model, flavour.keras.layers.Dense(2)])
    found = all_layers(outer)
    flattened = {id(layer) for layer in outer._flatten_layers()} - {id(outer)}
    assert {id(layer) for _, layer in found} == flattened
    assert len({path for path, _ in found}) == len(found) == len(flattened)
    assert len(batch_norm_layers(outer)) == 52


def test_a_class_that_hides_what_it_makes_is_found_once_it_has_statistics(
    flavour: Flavour,
) -> None:
    base: Any = flavour.keras.layers.Layer

    class Hidden(base):
        def build(self, shape: Any) -> None:
            self.momentum = 0.9
            for name in ("moving_mean", "moving_variance"):
                weight = self.add_weight(name=name, shape=shape[-1:], trainable=False)
                setattr(self, name, weight)

        def call(self, inputs: Any) -> Any:
            return inputs

    model = flavour.keras.Sequential([Hidden(name="hidden")])
    watch = watch_model(model)
    assert paths(model) == []
    model.build((None, 4))
    assert paths(model) == ["hidden"]
    assert [layer.path for layer in _rows(watch)] == ["hidden"]
    watch.close()


def _rows(watch: Recorder) -> tuple[LayerFacts, ...]:
    watch.snapshot(1, "on_demand")
    return recorded_facts(watch).layers


def test_a_foreign_class_is_found_by_its_code_or_its_statistics(flavour: Flavour) -> None:
    base: Any = flavour.keras.layers.Layer

    class Foreign(base):
        def build(self, shape: Any) -> None:
            self.momentum = 0.9
            self.moving_mean = self.add_weight(name="mean", shape=shape[-1:], trainable=False)
            self.moving_variance = self.add_weight(name="var", shape=shape[-1:], trainable=False)

        def call(self, inputs: Any) -> Any:
            return inputs - self.moving_mean

    class Momentless(Foreign):
        def build(self, shape: Any) -> None:
            self.moving_mean = self.add_weight(name="mean", shape=shape[-1:], trainable=False)
            self.moving_variance = self.add_weight(name="var", shape=shape[-1:], trainable=False)

    model = flavour.keras.Sequential([Foreign(name="foreign"), Momentless(name="momentless")])
    assert paths(model) == ["foreign", "momentless"]  # by what their code names
    model.build((None, 4))
    assert paths(model) == ["foreign"]  # by what they have


def test_a_model_tells_its_flavour(flavour: Flavour) -> None:
    found = flavour_of(flavour.keras.Sequential())
    assert found.keras is flavour.keras
    assert found.name == flavour.keras.__name__
    assert str(found) == f"{flavour.keras.__name__} {flavour.keras.__version__}"
    assert found.is_keras_3 is (flavour.name == "keras3")


def test_what_is_no_model_is_refused_with_what_it_is(flavour: Flavour) -> None:
    for wrong, words in (
        (flavour.keras.layers.Dense(1), "received Dense"),
        (flavour.keras.Model, "received the class Model"),
        (3, "received int"),
    ):
        with pytest.raises(TypeError, match=words):
            flavour_of(wrong)
    assert flavour_of_object(3) is None


def test_without_an_object_the_environment_tells(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    legacy = {"keras3": "0", "tf_keras": "1"}[flavour.name]
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", legacy)
    assert imported_flavour().keras is flavour.keras

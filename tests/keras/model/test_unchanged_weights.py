"""Weights that no update reaches are told from those that train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.logs import read_model
from tests.support.tiny import compile_tiny, create_dense, fit

pytestmark = pytest.mark.filterwarnings("ignore:.*Gradients do not exist")


def create_dropped(keras: Any) -> Any:
    """A model whose dense layer is called, and its output dropped."""

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(3, name="dropped")
            self.bn = keras.layers.BatchNormalization(name="bn")
            self.head = keras.layers.Dense(1, name="head")

        def call(self, inputs: Any, training: Any = None) -> Any:
            x = self.dense(inputs)
            x = self.bn(inputs, training=training)
            return self.head(x)

    return compile_tiny(Own())


def test_a_dropped_layer_is_named(flavour: Flavour, tmp_path: Path) -> None:
    model = create_dropped(flavour.keras)
    fit(model, epochs=2, batch_size=20, callbacks=[tb_bnplugin.BatchNormCallback(tmp_path)])
    fit(model, epochs=8, batch_size=20, callbacks=[tb_bnplugin.BatchNormCallback(tmp_path)])
    facts = read_model(tmp_path).facts
    assert [path.rsplit("/", 1)[-1].partition(":")[0] for path in facts.weights.unchanged] == [
        "kernel",
        "bias",
    ]
    assert all("dropped" in path for path in facts.weights.unchanged)
    assert facts.weights.trainable == 6


def test_a_healthy_model_reaches_all_after_five_steps(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, callbacks=[tb_bnplugin.BatchNormCallback(tmp_path)])
    facts = read_model(tmp_path).facts
    assert (facts.weights.unchanged, facts.weights.trainable) == ((), 6)
    assert facts.weights.checked_step == 5


def test_nothing_is_said_before_five_steps(flavour: Flavour, tmp_path: Path) -> None:
    model = create_dropped(flavour.keras)
    fit(model, batch_size=20, callbacks=[tb_bnplugin.BatchNormCallback(tmp_path)])
    assert read_model(tmp_path).facts.weights.checked_step is None


def test_a_weight_without_a_name_is_called_as_its_attribute(flavour: Flavour) -> None:
    import tensorflow as tf

    from tb_bnplugin.keras.model.unchanged_weights import path_of

    class Scaled(flavour.keras.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__(name="scaled")
            self.factor = tf.Variable(1.0)

        def call(self, inputs: Any) -> Any:
            return inputs * self.factor

    layer = Scaled()
    model = flavour.keras.Sequential([flavour.keras.Input((3,)), layer])
    assert path_of(model, layer.factor) == "scaled.factor"
    dense = create_dense(flavour.keras)
    kernel = dense.get_layer("first").kernel
    assert path_of(dense, kernel) == str(getattr(kernel, "path", kernel.name))

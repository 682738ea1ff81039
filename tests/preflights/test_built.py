"""Models that are not built: which of them can be put back all the same."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.twin_pairs import FEATURES, batch


def network(keras: Any, *, built: bool = True) -> Any:
    layers = [
        keras.layers.Dense(6),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(FEATURES),
    ]
    return keras.Sequential([keras.Input((FEATURES,)), *layers] if built else layers)


def without_call(keras: Any, *, training: bool, built: bool = True) -> Any:
    """A model that only trains: its `train_step` calls the network that it holds."""

    class Autoencoder(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.network = network(keras, built=built)

        def train_step(self, images: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(images - self.network(images, training=training)))
            gradients = tape.gradient(loss, self.trainable_weights)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
            return {"loss": loss}

    model = Autoencoder()
    model.compile(keras.optimizers.Adam(1e-2))
    return model


def is_same(before: list[Any], after: list[Any]) -> bool:
    return all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize(
    ("training", "codes"), [(False, ["BN101"]), (True, [])], ids=["inference mode", "healthy"]
)
def test_a_model_without_call(flavour: Flavour, training: bool, codes: list[str]) -> None:
    x, _ = batch()
    model = without_call(flavour.keras, training=training)
    before = [np.array(each) for each in model.get_weights()]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # as of a probe that cannot be made
        report = tb_bnplugin.preflight(model, x)
    assert [each.code for each in report.findings()] == codes, str(report)
    assert is_same(before, model.get_weights())
    assert not model.built
    assert int(model.optimizer.iterations.numpy()) == 0
    model.fit(x, epochs=1, verbose=0)
    assert not is_same(before, model.get_weights())


def test_one_whose_network_is_not_built_is_refused(flavour: Flavour) -> None:
    x, _ = batch()
    with pytest.raises(tb_bnplugin.NotBuiltError, match="not built yet"):
        tb_bnplugin.preflight(without_call(flavour.keras, training=True, built=False), x)


def test_a_model_with_a_call_or_a_build_of_its_own_is_refused(flavour: Flavour) -> None:
    keras = flavour.keras

    class Called(type(without_call(keras, training=True))):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return self.network(inputs)

    class Built(type(without_call(keras, training=True))):  # type: ignore[misc]
        def build(self, shape: Any) -> None:
            self.more = self.add_weight(shape=(1,))

    x, _ = batch()
    for cls in (Called, Built):
        model = cls()
        model.compile(keras.optimizers.SGD(0.1))
        with pytest.raises(tb_bnplugin.NotBuiltError, match="not built yet"):
            tb_bnplugin.preflight(model, x)

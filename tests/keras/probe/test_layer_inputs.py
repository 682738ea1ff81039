"""A probe measures what enters each layer, in the pass with moving statistics."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.conftest import Flavour
from tests.support.probe_models import FEATURES, ROWS, nested_and_shared

X = np.random.default_rng(2).normal(3.0, 2.0, (ROWS, FEATURES)).astype(np.float32)
IMAGES = np.random.default_rng(4).normal(1.0, 2.0, (ROWS, 5, 5, 3)).astype(np.float32)


def probe(model: Any, x: Any) -> list[dict[str, float]]:
    """The values of each layer that was measured, in the model's order."""
    from tb_bnplugin.keras.model.layers import batch_norm_layers
    from tb_bnplugin.keras.probe import run as probing

    layers = probing.run(model, x).layers
    return [dict(layers[id(layer)]) for _, layer in batch_norm_layers(model) if id(layer) in layers]


def two_layers(keras: Any, **bn: Any) -> Any:
    layers = [keras.layers.BatchNormalization(**bn), keras.layers.BatchNormalization(**bn)]
    return keras.Sequential([keras.Input((FEATURES,)), *layers])


@pytest.mark.parametrize("trainable", [True, False])
def test_each_layer_sees_what_those_before_it_give_at_inference(
    flavour: Flavour, *, trainable: bool
) -> None:
    model = two_layers(flavour.keras, epsilon=0.01)
    model.layers[0].moving_mean.assign(np.full(FEATURES, 2.0))
    model.layers[0].moving_variance.assign(np.full(FEATURES, 4.0))
    model.trainable = trainable
    first, second = probe(model, X)
    entering_second = (X - 2.0) / np.sqrt(4.01)
    for found, entered, mean, variance in (
        (first, X, 2.0, 4.0),
        (second, entering_second, 0.0, 1.0),
    ):
        square = entered.var(axis=0) + 0.01
        assert found["batch_mean"] == pytest.approx(entered.mean(), rel=1e-4)
        assert found["batch_variance"] == pytest.approx(entered.var(axis=0).mean(), rel=1e-4)
        off = np.abs(mean - entered.mean(axis=0)) / np.sqrt(square)
        assert found["mean_gap"] == pytest.approx(np.median(off), rel=1e-4)
        shift = np.log((variance + 0.01) / square)
        assert found["variance_shift"] == pytest.approx(np.median(shift), rel=1e-4)
        error = entered.std(axis=0, ddof=1) / np.sqrt(ROWS) / np.sqrt(square)
        assert found["mean_gap_error"] == pytest.approx(np.median(error), rel=1e-4)
        assert found["calls"] == 1


@pytest.mark.parametrize("axis", [1, -1])
def test_channels_of_images_lie_on_the_axis_of_the_layer(flavour: Flavour, axis: int) -> None:
    keras = flavour.keras
    layer = keras.layers.BatchNormalization(axis=axis)
    (found,) = probe(keras.Sequential([keras.Input((5, 5, 3)), layer]), IMAGES)
    over = tuple(at for at in range(4) if at != axis % 4)
    assert found["batch_variance"] == pytest.approx(IMAGES.var(axis=over).mean(), rel=1e-4)


def test_a_layer_called_twice_in_a_pass_is_measured_at_each_call(flavour: Flavour) -> None:
    (found,) = probe(nested_and_shared(flavour.keras), X)
    assert found["calls"] == 2
    assert found["calls_mean_gap"] > 0


def test_masked_values_do_not_count(flavour: Flavour) -> None:
    keras = flavour.keras
    sequences = np.repeat(X[:, np.newaxis], 4, axis=1)
    sequences[:, 2:] = 0.0  # padding
    layers = [keras.layers.Masking(), keras.layers.BatchNormalization()]
    (found,) = probe(keras.Sequential([keras.Input((4, FEATURES)), *layers]), sequences)
    assert found["batch_mean"] == pytest.approx(X.mean(), rel=1e-4)
    assert found["batch_variance"] == pytest.approx(X.var(axis=0).mean(), rel=1e-4)


def test_a_layer_within_a_traced_function_is_not_measured(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    base: Any = flavour.keras.Model

    class Model(base):
        def __init__(self) -> None:
            super().__init__()
            self.within = flavour.keras.layers.BatchNormalization()
            self.outside = flavour.keras.layers.BatchNormalization()
            self.traced = tensorflow.function(self.within)

        def call(self, inputs: Any) -> Any:
            return self.outside(self.traced(inputs))

    model = Model()
    model.within.build((None, FEATURES))
    model.outside.build((None, FEATURES))
    model(X)
    assert [found["calls"] for found in probe(model, X)] == [1]

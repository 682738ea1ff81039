"""Data of another scale than the training are told, and nothing else is."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(0.0, 1.0, (300, 6)).astype("float32")
Y = (X[:, 0] > 0.5).astype("int32")


def trained(keras: Any, x: Any = X, momentum: float = 0.5) -> Any:
    """Two layers, of which one stands before the other, after a training."""
    layers = keras.layers
    model = keras.Sequential(
        [
            *(keras.Input((6,)), layers.Dense(16, activation="relu")),
            *(layers.BatchNormalization(name="first", momentum=momentum), layers.Dense(16)),
            *(layers.BatchNormalization(name="second", momentum=momentum), layers.Dense(2)),
        ]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, Y, epochs=2, verbose=0)
    return model


def recalibrated(model: Any, x: Any, **options: Any) -> tuple[Any, list[str]]:
    """The result, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = tb_bnplugin.recalibrate(model, (x, Y), **options)
    return result, [str(each.message) for each in caught if each.category is UserWarning]


@pytest.mark.parametrize("times", [255.0, 1 / 255])
@pytest.mark.parametrize("exact", [True, False])
def test_another_scale_is_told_of_the_first_layer(
    flavour: Flavour, times: float, *, exact: bool
) -> None:
    model = trained(flavour.keras, X / min(times, 1.0))
    result, told = recalibrated(model, X * max(times, 1.0), exact=exact, only_if_better=False)
    assert result.applied  # it is not refused
    assert list(result.other_scale) == ["first"]
    assert result.other_scale["first"] == pytest.approx(times, rel=0.1)
    assert told == [f"tb_bnplugin: {result.warning}"]


def test_data_of_the_training_are_not_told(flavour: Flavour) -> None:
    result, told = recalibrated(trained(flavour.keras), X)
    assert (result.other_scale, told) == ({}, [])


@pytest.mark.parametrize("times", [1 / 255, 1.0, 255.0])
def test_statistics_that_hold_their_start_are_not_told(flavour: Flavour, times: float) -> None:
    model = trained(flavour.keras, X * times, momentum=0.999)
    result, told = recalibrated(model, X * times)
    assert (result.other_scale, told) == ({}, [])

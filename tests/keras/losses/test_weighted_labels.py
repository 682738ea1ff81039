"""A binary cross entropy with weights of its own is not Keras', however the model predicts."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.keras.losses.options import LossOptions
from tests.conftest import Flavour

LABELS = (np.arange(240).reshape(4, 60) % 7 == 0).astype(np.float32)
LOGITS = np.random.default_rng(0).uniform(2.0, 50.0, LABELS.shape).astype(np.float32)
SIGNS = {
    "positives are told right": np.where(LABELS > 0, LOGITS + 30.0, LOGITS),
    "centred": LOGITS - LOGITS.mean(),
}


def keras_class(loss: Any, predictions: Any, flavour: Flavour) -> str | None:
    from tb_bnplugin.keras.losses.measure import measure

    return measure(loss, LABELS, predictions, LossOptions(keras=flavour.keras))[1].keras_class


def entropy(tf: ModuleType, weight: float) -> Callable[..., Any]:
    def loss(y: Any, logits: Any) -> Any:
        each = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits)
        return tf.reduce_sum(each * (1.0 + weight * y))

    return loss


@pytest.mark.parametrize("name", SIGNS)
@pytest.mark.parametrize("weight", [0.0, 4.0])
def test_of_logits(flavour: Flavour, tensorflow: ModuleType, name: str, weight: float) -> None:
    found = keras_class(entropy(tensorflow, weight), SIGNS[name], flavour)
    assert found == (None if weight else "BinaryCrossentropy")


@pytest.mark.parametrize("weight", [0.0, 4.0])
def test_of_probabilities(flavour: Flavour, tensorflow: ModuleType, weight: float) -> None:
    tf = tensorflow

    def loss(y: Any, p: Any) -> Any:
        each = y * (1.0 + weight) * tf.math.log(p) + (1.0 - y) * tf.math.log(1.0 - p)
        return -tf.reduce_mean(each)

    near_one = 1.0 - 1.0 / (2.0 + LOGITS * 100.0 * LABELS + LOGITS)
    found = keras_class(loss, near_one.astype(np.float32), flavour)
    assert found == (None if weight else "BinaryCrossentropy")

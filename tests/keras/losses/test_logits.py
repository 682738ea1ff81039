"""Predictions that carry logits: what Keras' own losses make of them is the measure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.keras.losses.logits import carries_logits
from tests.conftest import Flavour

LOGITS = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
LABELS = np.arange(8) % 4


def sparse(keras: Any, predictions: Any) -> Any:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return loss(LABELS, predictions)


def of_keras(keras: Any, logits: Any) -> Any:
    return keras.activations.softmax(logits)


def copied(keras: Any, logits: Any) -> Any:
    return tf.identity(keras.activations.softmax(logits))


def of_tensorflow(keras: Any, logits: Any) -> Any:
    return tf.nn.softmax(logits)


def bare(keras: Any, logits: Any) -> Any:
    return logits * 1.0


@pytest.mark.filterwarnings("ignore:.*from_logits=True")
@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("make", [of_keras, copied, of_tensorflow, bare])
def test_as_keras_takes_them(flavour: Flavour, make: Any, traced: bool) -> None:
    seen = []

    def run(logits: Any) -> Any:
        predictions = make(flavour.keras, logits)
        seen.append(carries_logits(predictions))
        return sparse(flavour.keras, predictions), predictions

    run_it = tf.function(run, autograph=False) if traced else run
    loss, predictions = run_it(tf.constant(LOGITS))
    chosen = predictions.numpy()
    as_given = -np.log(np.exp(chosen) / np.exp(chosen).sum(1, keepdims=True))
    as_logits = -np.log(np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True))
    takes_logits = np.isclose(loss, as_logits[range(8), LABELS].mean())
    assert takes_logits or np.isclose(loss, as_given[range(8), LABELS].mean())
    if make is bare:
        assert seen == [False]
    else:
        assert seen == [bool(takes_logits)]


def test_half_precision_is_cast(flavour: Flavour) -> None:
    half = flavour.keras.activations.softmax(tf.constant(LOGITS, tf.bfloat16))
    assert carries_logits(half) is False

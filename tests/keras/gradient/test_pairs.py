"""The gradient of a loss of all pairs, on both flavours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.keras.gradient.pairs import MOST_PAIRS, SUMS, pair_columns, pair_sums
from tests.conftest import Flavour
from tests.keras.gradient.own_step import RUNS, create, measured

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(19, 3)).astype("float32")
Y = X.sum(axis=1).astype("float32")
LOSSES = {"mse": tf.square, "mae": tf.abs}


def columns(d: Any, p: Any, y: Any) -> dict[str, float]:
    given = tf.constant(d, tf.float64), tf.constant(p, tf.float32), tf.constant(y, tf.float32)
    sums = pair_sums(*given, lambda labels, made: tf.square(labels - made)[:, 0])
    return pair_columns(dict(zip(SUMS, map(float, sums), strict=True)))


@pytest.mark.usefixtures("tensorflow")
def test_the_gradient_is_that_of_numpy() -> None:
    p, y = RANDOM.normal(size=(7, 1)), RANDOM.normal(size=7)
    d = 2 * (p - y.mean())  # of the mean over all pairs, times 7
    assert columns(d, p, y)["pairs_cosine"] == pytest.approx(1.0, abs=1e-6)
    own = 2 * (p - y[:, None])
    expected = np.sum(own * d) / np.sqrt(np.sum(own**2) * np.sum(d**2))
    assert columns(own, p, y)["pairs_cosine"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.usefixtures("tensorflow")
def test_predictions_that_are_alike_show_nothing() -> None:
    p, y = np.full((7, 1), 0.3), RANDOM.normal(size=7)
    assert columns(2 * (p - y.mean()), p, y) == {}


@pytest.mark.usefixtures("tensorflow")
@pytest.mark.parametrize(("rows", "shown"), [(300, True), (MOST_PAIRS, False), (0, False)])
def test_many_rows_are_compared_in_part(rows: int, shown: bool) -> None:
    p, y = RANDOM.normal(size=(rows, 1)), RANDOM.normal(size=rows)
    d = 2 * (p - np.sum(y) / max(rows, 1))
    found = columns(d, p, y)
    assert (found.get("pairs_cosine", 0.0) > 0.99999) == shown


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("how", RUNS)
def test_labels_that_broadcast_are_told(flavour: Flavour, loss: str, how: str) -> None:
    def broadcast(y: Any, p: Any) -> Any:
        return tf.reduce_mean(LOSSES[loss](tf.reshape(y, [-1]) - p))

    def paired(y: Any, p: Any) -> Any:
        return tf.reduce_mean(LOSSES[loss](tf.reshape(y, [-1]) - p[:, 0]))

    def build(loss_of: Any) -> Any:
        return lambda: create(flavour.keras, loss_of, loss, (3,), 1, **RUNS[how])

    rounding = 1e-6 if how == "xla" else 0.0
    found = measured(build(broadcast), X, Y, rows=8, epochs=2, rounding=rounding)
    assert found["pairs_cosine"] == pytest.approx(1.0, abs=1e-5)
    assert found["cosine"] < 0.99
    found = measured(build(paired), X, Y, rows=8, epochs=2)
    assert found["cosine"] == pytest.approx(1.0, abs=1e-6)
    assert found["pairs_cosine"] < 0.99

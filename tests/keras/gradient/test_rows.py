"""Gradients row by row, against theory, on both flavours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.products import Products
from tb_bnplugin.keras.gradient.rows import SUMS, row_sums
from tb_bnplugin.keras.gradient.watched_step import WatchedStep
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS
from tests.conftest import Flavour
from tests.keras.gradient.own_step import RUNS, create, measured

ROWS, OUTPUTS = 8, 5
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(19, 3)).astype("float32")  # batches of 8, 8 and 3
Y = RANDOM.normal(size=(19, OUTPUTS)).astype("float32")
WEIGHTS = (1.0 + np.arange(19) % 4).astype("float32")


def mean(y: Any, p: Any) -> Any:
    return tf.reduce_mean(tf.square(y - p))


def fixed(y: Any, p: Any) -> Any:
    return tf.reduce_sum(tf.square(y - p)) / 16


def weighted(y: Any, weights: Any, p: Any) -> Any:
    return tf.reduce_mean(weights[:, None] * tf.square(y - p))


def own_weights(y: Any, p: Any) -> Any:
    rows = tf.cast(tf.range(tf.shape(p)[0]), p.dtype)
    return tf.reduce_mean(rows[:, None] * tf.square(y - p))


def absolute(y: Any, p: Any) -> Any:
    return tf.reduce_mean(tf.abs(y - p))


@pytest.mark.usefixtures("tensorflow")
def test_the_sums_are_those_of_numpy() -> None:
    d, g = RANDOM.normal(size=(6, 2, 3)), RANDOM.normal(size=(6, 2, 3))
    d[1], g[2] = 0.0, 0.0
    sums = row_sums(Products.of(tf.constant(d), tf.constant(g)).by_row())
    got = dict(zip(SUMS, map(float, sums), strict=True))
    flat_d, flat_g = d.reshape(6, -1), g.reshape(6, -1)
    each = [
        np.dot(a, b) ** 2 / np.dot(b, b) for a, b in zip(flat_d, flat_g, strict=True) if b.any()
    ]
    assert got == pytest.approx(
        {
            "by_rows": 6 * np.sum(d * g),
            "rows_squared": 36 * np.sum(g * g),
            "along_rows": np.sum(each),
            "rows": 5,
            "rows_reached": 4,
        }
    )


@pytest.mark.parametrize("how", RUNS)
def test_a_fixed_divisor_is_told_from_a_mean(flavour: Flavour, how: str) -> None:
    def build(loss: Any) -> Any:
        return lambda: create(flavour.keras, loss, "mse", (3,), OUTPUTS, **RUNS[how])

    found = measured(build(fixed), X, Y, rows=ROWS)
    assert found["rows_factor"] == pytest.approx(OUTPUTS / 16, rel=1e-5)
    assert found["rows_cosine"] == pytest.approx(1.0, rel=1e-6)
    assert found["cosine"] < 0.999
    found = measured(build(mean), X, Y, rows=ROWS)
    assert found["factor"] == pytest.approx(1.0, rel=1e-5)
    assert found["cosine"] == pytest.approx(1.0, rel=1e-6)
    assert found["rows_cosine"] < 0.999


def test_rows_that_weigh_differently_are_multiples_of_their_own(flavour: Flavour) -> None:
    def build(loss: Any) -> Any:
        return lambda: create(flavour.keras, loss, "mse", (3,), OUTPUTS, **RUNS["graph"])

    found = measured(build(own_weights), X, Y, rows=ROWS)
    assert found["row_cosine"] == pytest.approx(1.0, rel=1e-6)
    assert found["cosine"] < 0.99
    assert found["rows_reached"] == pytest.approx(16 / 19)  # the first of each batch has none
    found = measured(build(weighted), X, Y, WEIGHTS, rows=ROWS)
    assert (found["factor"], found["cosine"]) == pytest.approx((1.0, 1.0), rel=1e-5)
    assert found["rows_reached"] == 1.0
    assert measured(build(absolute), X, Y, rows=ROWS)["row_cosine"] < 0.95


# The programs of tf_keras ask for the division: see test_factors.py.
@pytest.mark.parametrize("flavour", ["keras3"], indirect=True)
def test_a_loss_scale_is_taken_off(flavour: Flavour) -> None:
    def build() -> Any:
        model = create(flavour.keras, scaled, "mse", (3,), OUTPUTS, **RUNS["graph"])
        optimizer = flavour.keras.optimizers.SGD(0.01)
        scale = flavour.keras.mixed_precision.LossScaleOptimizer(optimizer, initial_scale=1024.0)
        model.compile(scale, "mse", jit_compile=False)
        return model

    def scaled(y: Any, p: Any) -> Any:
        return 1024.0 * fixed(y, p)

    found = measured(build, X, Y, rows=ROWS)
    assert found["rows_factor"] == pytest.approx(OUTPUTS / 16, rel=1e-5)
    assert found["rows_cosine"] == pytest.approx(1.0, rel=1e-6)


def test_replicas_have_rows_of_their_own(flavour: Flavour, strategy: Any) -> None:
    with strategy.scope():
        model = create(flavour.keras, fixed, "mse", (3,), OUTPUTS, **RUNS["graph"])
    step = WatchedStep(model, strategy, Guard("own"))
    step.begin()
    data = tf.data.Dataset.from_tensor_slices((X[:18], Y[:18])).batch(2 * ROWS)  # 8 and 8, 1 and 1
    model.fit(data, epochs=2, shuffle=False, verbose=0)
    values = step.take()
    step.end()
    assert values is not None
    found = dict(zip(GRADIENT_COLUMNS, values.tolist(), strict=True))
    assert found["rows_factor"] == pytest.approx(OUTPUTS / 16, rel=1e-5)
    assert found["rows_cosine"] == pytest.approx(1.0, rel=1e-6)
    assert found["cosine"] < 0.999

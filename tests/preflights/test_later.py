"""What a few steps show of a program that adapts statistics, or accumulates gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tb_bnplugin
from tb_bnplugin.preflights.later import ACCUMULATED, ESTIMATED
from tests.conftest import Flavour
from tests.support import twin_pairs
from tests.support.twin_pairs import compiled, norm_net

PARTS = 2


def reason(report: Any, code: str) -> str | None:
    (outcome,) = [each for each in report.outcomes if each.code == code]
    assert outcome.status == "not_checked", str(report)
    told: str | None = outcome.reason
    return told


def test_statistics_that_the_steps_adapt_to_other_data_are_no_fault(flavour: Flavour) -> None:
    x, y = twin_pairs.batch()
    model = compiled(flavour.keras, norm_net(flavour.keras))
    model.fit(x, y, epochs=100, batch_size=16, verbose=0)
    shifted = np.asarray(5.0 + 3.0 * np.asarray(x), "float32")
    adapting = tb_bnplugin.preflight(
        model, shifted, y, lambda x, y: model(x, training=True), loss=model.loss
    )
    assert adapting.findings() == (), str(adapting)
    assert ESTIMATED in str(reason(adapting, "BN202"))
    # a fit on the same images trains weights on statistics that are not theirs
    assert "BN202" in [each.code for each in tb_bnplugin.preflight(model, shifted, y).findings()]


def accumulating(flavour: Flavour, applied_each: int) -> Any:
    """A preflight of a loop whose loss is divided by the rows of PARTS batches."""
    keras = flavour.keras
    x, y = twin_pairs.batch()
    model, optimizer = norm_net(keras), keras.optimizers.SGD(0.1)
    sums = [tf.Variable(tf.zeros(tuple(each.shape))) for each in model.trainable_variables]
    made = {"steps": 0}

    def loss_of(labels: Any, outputs: Any) -> Any:
        rows = keras.losses.sparse_categorical_crossentropy(labels, outputs, from_logits=True)
        return tf.nn.compute_average_loss(rows, global_batch_size=PARTS * len(x))

    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        for total, each in zip(sums, tape.gradient(loss, model.trainable_variables), strict=True):
            total.assign_add(each)
        made["steps"] += 1
        if made["steps"] % applied_each == 0:
            optimizer.apply_gradients(zip(sums, model.trainable_variables, strict=True))
            for total in sums:
                total.assign(tf.zeros_like(total))

    return tb_bnplugin.preflight(model, x, y, step, loss=loss_of)


@pytest.mark.parametrize("applied_each", [PARTS, 4])  # of the five steps: after two of them, or one
def test_a_loss_divided_by_the_rows_of_several_batches(flavour: Flavour, applied_each: int) -> None:
    report = accumulating(flavour, applied_each)
    assert report.findings() == (), str(report)
    assert ACCUMULATED in str(reason(report, "LR101"))


def test_the_same_loss_where_each_batch_is_a_step(flavour: Flavour) -> None:
    assert "LR101" in [each.code for each in accumulating(flavour, 1).findings()]

"""Steps that make several passes, each on some of the rows: what their loss is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import tensorflow as tf

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.twin_pairs import ROWS, batch, cross_entropy, norm_net

HALF = ROWS // 2


def accumulating(
    keras: Any, model: Any, divisor: float, parts: Sequence[slice], loss_of: Any
) -> Any:
    """A step that adds up the gradients of parts of the batch."""
    optimizer = keras.optimizers.SGD(0.01)

    def gradients_of(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True)) / divisor
        return tape.gradient(loss, model.trainable_variables)

    @tf.function
    def train_step(x: Any, y: Any) -> None:
        total = [tf.zeros_like(variable) for variable in model.trainable_variables]
        for rows in parts:
            total = [a + b for a, b in zip(total, gradients_of(x[rows], y[rows]), strict=True)]
        optimizer.apply_gradients(zip(total, model.trainable_variables, strict=True))

    return train_step


def found(flavour: Flavour, divisor: float, *parts: slice, **options: Any) -> dict[str, Any]:
    x, y = batch()
    model = norm_net(flavour.keras)
    loss_of = options.pop("loss_of", None) or cross_entropy(flavour.keras)
    step = accumulating(flavour.keras, model, divisor, parts, loss_of)
    report = tb_bnplugin.preflight(model, x, y, step, **options)
    return {each.code: each for each in report.outcomes}


def test_gradients_of_parts_that_are_summed(flavour: Flavour) -> None:
    outcome = found(flavour, 1.0, slice(0, HALF), slice(HALF, ROWS))["LR113"]
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert outcome.evidence["times"] == 2.0


def test_a_loss_that_is_no_object_is_named(flavour: Flavour) -> None:
    keras = flavour.keras

    def loss_of(y: Any, outputs: Any) -> Any:
        losses = keras.losses.sparse_categorical_crossentropy(y, outputs, from_logits=True)
        return tf.reduce_mean(losses)

    parts = slice(0, HALF), slice(HALF, ROWS)
    assert found(flavour, 1.0, *parts, loss_of=loss_of)["LR113"].status == "not_checked"
    measured = found(flavour, 1.0, *parts, loss_of=loss_of, loss=loss_of)["LR101"]
    assert measured.status == "ok"


@pytest.mark.parametrize(
    ("divisor", "parts", "status"),
    [
        (2.0, (slice(0, HALF), slice(HALF, ROWS)), "ok"),
        (3.0, (slice(0, HALF), slice(HALF, ROWS)), "not_checked"),
        (1.0, (slice(HALF, ROWS), slice(0, HALF)), "not_checked"),
        (1.0, (slice(0, HALF), slice(0, HALF + 1)), "not_checked"),
    ],
    ids=["divided by the parts", "by another number", "in another order", "rows twice"],
)
def test_what_shows_no_sum(
    flavour: Flavour, divisor: float, parts: tuple[slice, ...], status: str
) -> None:
    assert found(flavour, divisor, *parts)["LR113"].status == status

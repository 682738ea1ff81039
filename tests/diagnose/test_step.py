"""What one step of the optimizer is, in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.diagnose import describe_step
from tests.support.histories import create_history, create_loss


def loop(optimizer: str | None = "SGD", **columns: Any) -> Any:
    """A loop that hands its loss over: 32 rows, 10 outputs, a learning rate of 0.01."""
    loss = create_loss(**columns)
    return create_history(losses=[loss], facts={"trained_by": "loop", "optimizer": optimizer})


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "learning rate 0.01 x mean loss"),
        ({"measured": 5.0, "doubled": 5.0}, "learning rate 0.01 x 10 (outputs) x mean loss"),
        ({"measured": 16.0, "doubled": 32.0}, "learning rate 0.01 x 32 (rows) x mean loss"),
        ({"measured": 0.5 / 32}, "learning rate 0.01 x 1/32 (rows) x mean loss"),
        ({"replicas": 2.0}, "learning rate 0.01 x 2 x mean loss"),
        ({"measured": 1.85, "doubled": 1.85}, "learning rate 0.01 x 3.7 x mean loss"),
    ],
)
def test_a_step_is_a_product(columns: Any, said: str) -> None:
    assert describe_step(loop(**columns)) == said


def test_replicas_are_named_where_the_model_has_them() -> None:
    history = create_history(
        losses=[create_loss(replicas=2.0)], facts={"trained_by": "loop", "replicas": 2}
    )
    assert describe_step(history) == "learning rate 0.01 x 2 (replicas) x mean loss"


def test_adam_divides_a_factor_out() -> None:
    assert describe_step(loop("Adam", measured=5.0)) == (
        "learning rate 0.01 of Adam, which divides a factor of the loss out"
    )


def test_what_is_not_known_is_not_said() -> None:
    assert describe_step(create_history()) is None
    assert describe_step(loop(None)) is None
    assert describe_step(loop(keras_mean=np.nan)) is None
    two = create_history(losses=[create_loss("loss/near"), create_loss("loss/far")])
    assert describe_step(two) is None


def test_a_compiled_loss_says_nothing_of_an_own_step() -> None:
    loss = create_loss(static={"taken_from": "probe_data"})
    facts = {"trained_by": "fit", "own_train_step": True}
    assert describe_step(create_history(losses=[loss], facts=facts)) is None
    facts = {"trained_by": "fit", "own_train_step": False}
    assert describe_step(create_history(losses=[loss], facts=facts)) is not None

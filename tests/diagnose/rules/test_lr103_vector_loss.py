from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import create_gradient, create_history, create_loss
from tests.support.judging import judge


def vector(value: Any, **columns: Any) -> ModelHistory:
    """32 values whose sum is 16, and the scalar that was differentiated."""
    loss = create_loss(**{"elements": 32.0, "measured": 16.0, "value_given": value, **columns})
    return create_history(losses=[loss])


FINDINGS = {
    "sum": vector(16.0),
    "just below": vector(16.0 * 0.9951),
    "just above": vector(16.0 * 1.0049),
    "two values": vector(16.0, elements=2.0),
}

SILENT = {
    "mean": vector(0.5),
    "too low": vector(16.0 * 0.9949),
    "too high": vector(16.0 * 1.0051),
    "what was differentiated is not known": vector(np.nan),
    "scalar": vector(16.0, elements=1.0),
    "zero": vector(0.0, measured=0.0),
    "sometimes the mean": vector([16.0, 0.5, 16.0]),
    "no loss": create_history(),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_warns(name: str) -> None:
    outcome = judge("LR103", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (1, 3))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR103", SILENT[name]).status in {"ok", "not_checked"}


def test_a_vector_of_which_nothing_is_known_is_not_ok() -> None:
    outcome = judge("LR103", SILENT["what was differentiated is not known"])
    assert outcome.status == "not_checked"
    assert "value=" in str(outcome.reason)


@pytest.mark.parametrize(
    ("replicas", "mean"),
    [
        (1.0, "`loss = tf.reduce_mean(loss_fn(y, y_pred))`"),
        (2.0, "`loss = tf.nn.compute_average_loss(loss_fn(y, y_pred))`"),
    ],
)
def test_the_mean_is_that_of_all_replicas(replicas: float, mean: str) -> None:
    assert mean in judge("LR103", vector(16.0, replicas=replicas)).fix


@pytest.mark.parametrize("value", [16.0 / 7, 0.5 + 1.6, -16.0])
def test_neither_sum_nor_mean_is_not_passed(value: float) -> None:
    assert judge("LR103", vector(value)).status == "not_checked"


def test_the_mean_is_passed() -> None:
    assert judge("LR103", SILENT["mean"]).status == "ok"


def test_an_optimizer_that_cancels_the_factor_makes_it_a_fact() -> None:
    loss = create_loss(elements=32.0, measured=16.0, value_given=16.0)
    adam, sgd = (
        judge("LR103", create_history(losses=[loss], facts={"optimizer": name}))
        for name in ("Adam", "SGD")
    )
    assert (adam.fact, sgd.fact) == (True, False)
    assert "Adam divides a constant factor out" in adam.message


@pytest.mark.parametrize(
    ("factor", "loss_class", "rows", "status"),
    [
        (1.0, "MeanSquaredError", 32.0, "ok"),
        (10.0, "MeanSquaredError", 32.0, "not_checked"),
        (1.0, "run.own_loss", 32.0, "not_checked"),
        (1.0, "MeanSquaredError", 1.0, "not_checked"),
    ],
)
def test_a_train_step_by_its_gradient(
    factor: float, loss_class: str, rows: float, status: str
) -> None:
    compiled = create_loss(static={"loss_class": loss_class}).facts
    history = create_history(
        facts={"own_train_step": True, "losses": [compiled]}, model={"batch_frequent": rows}
    )
    gradient = create_gradient(factor=factor, cosine=1.0, steps=10.0, passes=10.0)
    assert judge("LR103", replace(history, gradients=(gradient,))).status == status

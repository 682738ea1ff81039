"""LR110: what an own `train_step` differentiates, by its gradient."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import GradientHistory, ModelHistory
from tests.diagnose.rules.own_steps import own_gradient
from tests.support.histories import create_history, create_loss
from tests.support.judging import judge


def own_step(factor: Any, cosine: Any = 1.0, passes: Any = 10.0, **facts: Any) -> ModelHistory:
    """Three records of ten steps each, of batches of 32 rows and 10 outputs."""
    columns = {"factor": factor, "cosine": cosine, "steps": 10.0, "passes": passes}
    gradient = GradientHistory(
        name="loss",
        steps=np.array([10, 20, 30], np.int64),
        columns={name: np.broadcast_to(value, 3).astype(float) for name, value in columns.items()},
    )
    history = create_history(
        losses=[create_loss(static={"taken_from": "probe_data"})],
        facts={"own_train_step": True, **facts},
    )
    return replace(history, gradients=(gradient,))


FINDINGS = {
    "divided twice": own_step(1 / 32),
    "a vector": own_step(32.0),
    "summed over the outputs": own_step(10.0),
    "outputs and rows": own_step(320.0),
    "not divided by the replicas": own_step(1.0, replicas=2),
    "an unknown factor above 10": own_step(10.1),
    "an unknown factor below 0.1": own_step(0.099),
}

SILENT = {
    "the mean": own_step(1.0),
    "just the mean": own_step(1.0049),
    "divided by the replicas": own_step(0.5, replicas=2),
    "another loss": own_step(0.3, cosine=0.79),
    "just another loss": own_step(32.0, cosine=0.99989),
    "two passes a step": own_step(32.0, passes=20.0),
    "a factor that varies": own_step([32.0, 31.0, 32.0]),
    "Keras' own step": create_history(),
    "a loop": create_history(facts={"trained_by": "loop"}),
    "not measured": create_history(facts={"own_train_step": True}),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("LR110", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (10, 30))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR110", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize(
    "name", ["another loss", "two passes a step", "a factor that varies", "a loop", "not measured"]
)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("LR110", SILENT[name]).status == "not_checked"


def test_a_weight_of_the_loss_is_a_fact() -> None:
    assert judge("LR110", own_step(0.5)).fact
    assert judge("LR110", own_step(1.0051)).fact


def test_adam_divides_it_out() -> None:
    assert judge("LR110", own_step(32.0, optimizer="Adam")).fact


@pytest.mark.parametrize(
    ("name", "said", "cure"),
    [
        ("divided twice", "divided by the rows once more", "leave the division by the batch out"),
        ("a vector", "sum over the rows", "`loss = tf.reduce_mean(loss)`"),
        ("not divided by the replicas", "not divided by the replicas", "compute_average_loss"),
        ("an unknown factor above 10", "10.1 times", "divide the learning rate by 10.1"),
    ],
)
def test_the_factor_is_explained(name: str, said: str, cure: str) -> None:
    outcome = judge("LR110", FINDINGS[name])
    assert said in outcome.message
    assert cure in outcome.fix


def test_where_the_gradient_is_that_of_the_compiled_loss_its_measurement_counts() -> None:
    assert judge("LR102", own_step(1.0)).status == "ok"
    assert judge("LR102", own_step(32.0)).status == "not_checked"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"cosine": 0.8, "row_cosine": 1.0}, "rows weigh differently, by 0.75 of their mean"),
        ({"cosine": 0.8, "row_cosine": 1.0, "rows_reached": 0.75}, "0.25 of the rows have none"),
        ({"cosine": 0.8, "row_cosine": 0.99989}, "another loss"),
        ({"cosine": 0.8}, "another loss"),
        ({"passes": 20.0}, "several times a step"),
        ({"factor": [1.0, 1.1, 1.0]}, "batches differ"),
    ],
)
def test_why_there_is_no_one_factor(columns: dict[str, Any], said: str) -> None:
    outcome = judge("LR110", own_gradient(**columns))
    assert outcome.status == "not_checked"
    assert said in (outcome.reason or "")


@pytest.mark.parametrize(("of_a_row", "is_finding"), [(1.0, True), (1.01, False)])
def test_rows_that_no_layer_has_counted_are_those_of_the_gradient(
    of_a_row: float, is_finding: bool
) -> None:
    columns: dict[str, Any] = {"factor": 1 / 8, "rows_factor": of_a_row / 64, "rows_cosine": 1.0}
    outcome = judge("LR110", own_gradient(counted=float("nan"), **columns))
    assert (outcome.status == "finding") == is_finding

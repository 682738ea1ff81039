"""LR101 in an own `train_step`: the gradient grows with the rows of a batch."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnose.rules.own_steps import SUM_OVER_64, own_gradient
from tests.support.judging import judge


def of_sum(divisor: float, facts: dict[str, Any] | None = None, **columns: Any) -> Any:
    values = SUM_OVER_64 | {"rows_factor": 1 / divisor, "factor": 32 / divisor} | columns
    return own_gradient(facts=facts, **values)


FINDINGS = {
    "divided by 64": of_sum(64),
    "just another factor": of_sum(32 * 1.0051),
    "the first record is of one batch": of_sum(64, cosine=[1.0, 0.9, 0.9]),
    "just of another direction": of_sum(64, cosine=0.9998),
    "as float32 and bfloat16 round": of_sum(64, rows_cosine=0.99991),
}
SILENT = {
    "a mean": own_gradient(rows_factor=1 / 32, rows_cosine=0.9),
    "all batches have the same rows": of_sum(64, cosine=1.0),
    "hardly another direction": of_sum(64, cosine=0.9999),
    "neither": of_sum(64, rows_cosine=0.99989),
    "as close to both": of_sum(64, cosine=0.9998, rows_cosine=0.99994),
    "a factor that varies": of_sum(64, rows_factor=[1 / 64, 1 / 64, 1 / 63]),
    "not recorded": own_gradient(cosine=0.9),
    "two passes a step": of_sum(64, passes=20.0),
    "the sum, which LR110 tells": of_sum(1),
    "the mean while batches are full": of_sum(32),
    "Adam": of_sum(64, {"optimizer": "Adam"}),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("LR101", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (10, 30))
    assert "`tf.reduce_mean(per_example_loss)`" in outcome.fix


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR101", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", SILENT)
def test_only_batches_of_several_sizes_are_evidence(name: str) -> None:
    known = {"a mean", "the mean while batches are full", "Adam"}
    assert (judge("LR101", SILENT[name]).status == "ok") == (name in known)


def test_the_divisor_and_the_step_are_told() -> None:
    outcome = judge("LR101", of_sum(64))
    assert "divided by a fixed 64" in outcome.message
    assert "the mean over its outputs" in outcome.fix
    assert "2 times as large as now" in outcome.fix
    assert "use learning_rate = 0.005 instead of 0.01." in outcome.fix


@pytest.mark.parametrize("replicas", [1, 2])
def test_the_mean_while_batches_are_full_is_a_fact(replicas: int) -> None:
    outcome = judge("LR101", of_sum(32 * replicas, {"replicas": replicas}))
    assert outcome.fact
    assert f"right only for {32 * replicas} rows" in outcome.message


def test_lr110_has_the_factor_of_a_full_batch() -> None:
    assert judge("LR110", of_sum(1)).evidence["factor"] == pytest.approx(32.0)
    assert judge("LR110", of_sum(1)).status == "finding"
    assert judge("LR110", of_sum(64)).fact
    assert judge("LR110", of_sum(32)).status == "ok"

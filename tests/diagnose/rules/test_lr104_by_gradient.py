"""LR104 in an own `train_step`: the gradient is that of all pairs of rows."""

from __future__ import annotations

import pytest

from tests.diagnose.rules.own_steps import own_gradient
from tests.support.judging import judge

FINDINGS = {
    "all pairs": own_gradient(pairs_cosine=1.0, cosine=0.7),
    "as float32 rounds": own_gradient(pairs_cosine=0.99991, cosine=0.7),
    "just another loss than that of the rows": own_gradient(pairs_cosine=1.0, cosine=0.99899),
    "predictions are alike at first": own_gradient(pairs_cosine=[float("nan"), 1, 1], cosine=0.7),
}
SILENT = {
    "of the rows": own_gradient(pairs_cosine=0.7),
    "of neither": own_gradient(pairs_cosine=0.99989, cosine=0.7),
    "of both": own_gradient(pairs_cosine=1.0),
    "of both, nearly": own_gradient(pairs_cosine=1.0, cosine=0.9991),
    "in some records": own_gradient(pairs_cosine=[1.0, 1.0, 0.9], cosine=0.7),
    "of the rows in some": own_gradient(pairs_cosine=1.0, cosine=[0.7, 0.7, 1.0]),
    "not measured": own_gradient(cosine=0.7),
    "two passes a step": own_gradient(pairs_cosine=1.0, cosine=0.7, passes=20.0),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("LR104", FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "error")
    assert outcome.steps in {(10, 30), (20, 30)}


@pytest.mark.parametrize("name", SILENT)
def test_only_the_gradient_of_the_rows_is_ok(name: str) -> None:
    expected = "ok" if name == "of the rows" else "not_checked"
    assert judge("LR104", SILENT[name]).status == expected

"""LR111 in an own `train_step`: padding gets no gradient, and is divided by."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnose.rules.own_steps import own_gradient
from tests.support.judging import judge


def padded(facts: dict[str, Any] | None = None, **columns: Any) -> Any:
    """Half of the places count, more or less, and padding is in the mean."""
    values: dict[str, Any] = {
        "factor": 0.5,
        "cosine": 0.7,
        "counted_share": [0.5, 0.55, 0.45],
        "counted_factor": 1.0,
        "counted_cosine": 1.0,
        "masked_factor": 0.5,
        "masked_cosine": 0.99,
    }
    return own_gradient(facts=facts, **(values | columns))


MASKED: dict[str, Any] = {
    "counted_factor": 2.0,
    "counted_cosine": 0.99,
    "masked_factor": 1.0,
    "masked_cosine": 1.0,
}
FINDINGS = {
    "over all places": padded(),
    "of all replicas": padded({"replicas": 2}, counted_factor=0.5),
    "just over all": padded(counted_factor=1.0049, counted_cosine=0.9999),
    "padded alike": padded(counted_share=0.5, masked_cosine=1.0),
    "just below nine of ten": padded(counted_share=0.899),
}
NOT_CHECKED = {
    "another factor": padded(counted_factor=1.0051),
    "no one factor": padded(counted_cosine=0.99989),
    "a factor that varies": padded(counted_factor=[1.0, 1.0, 1.1]),
    "others are left out in one record": padded(counted_share=[0.5, float("nan"), 0.5]),
    "two passes a step": padded(passes=20.0),
    "not measured": own_gradient(),
}
OK = {
    "over those that count": padded(**MASKED),
    "over those that count, padded alike": padded(
        **MASKED | {"counted_cosine": 1.0}, counted_share=0.5
    ),
    "nearly all of them": padded(**MASKED | {"counted_factor": 1.004, "counted_cosine": 1.0}),
    "all count": padded(counted_share=1.0),
    "nine of ten": padded(counted_share=0.9),
    "Adam": padded({"optimizer": "Adam"}),
}
SILENT = NOT_CHECKED | OK


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("LR111", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (10, 30))


@pytest.mark.parametrize("name", NOT_CHECKED)
def test_is_not_checked(name: str) -> None:
    assert judge("LR111", NOT_CHECKED[name]).status == "not_checked"


@pytest.mark.parametrize("name", OK)
def test_is_ok(name: str) -> None:
    outcome = judge("LR111", OK[name])
    assert outcome.status == "ok"
    assert outcome.fact == (name in {"nine of ten", "Adam"})


def test_lr110_says_what_it_does_not_judge() -> None:
    assert judge("LR110", padded(**MASKED)).status == "ok"
    outcome = judge("LR110", padded())
    assert outcome.status == "not_checked"
    assert "LR111" in (outcome.reason or "")

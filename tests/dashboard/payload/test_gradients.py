from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.dashboard.payload.gradients import applied_row, loss_gradients
from tb_bnplugin.dashboard.payload.values import Json
from tests.dashboard.validate import validate
from tests.support.histories import create_gradient, create_history

ONCE: dict[str, Any] = {"steps": 1.0, "passes": 1.0, "cosine": 1.0}


def of_loss(*, replicas: int = 1, **columns: Any) -> Json | None:
    gradient = create_gradient(at=(5, 6, 7), **columns)
    history = create_history(facts={"replicas": replicas})
    rows = loss_gradients(replace(history, gradients=(gradient,)))
    for row in rows.values():
        validate(json.loads(json.dumps(row, allow_nan=False)), "LossGradient")
    return rows.get("loss")


def applied(*, replicas: int = 1, **columns: Any) -> Json | None:
    gradient = create_gradient("optimizer", at=(5, 6, 7), **columns)
    history = create_history(facts={"replicas": replicas})
    row = applied_row(replace(history, gradients=(gradient,)))
    if row is not None:
        validate(json.loads(json.dumps(row, allow_nan=False)), "AppliedGradient")
    return row


@pytest.mark.parametrize(
    ("columns", "factor", "reading"),
    [
        ({"factor": 1.0}, 1.0, "what is differentiated = Keras' mean"),
        ({"factor": 10.0}, 10.0, "what is differentiated = 10 x Keras' mean"),
        (
            {"factor": 0.5, "replicas": 2},
            1.0,
            "what is differentiated, summed over 2 replicas, = Keras' mean",
        ),
        (
            {"factor": [1.0, 2.0, 4.0]},
            None,
            "what is differentiated = 1 to 4 x Keras' mean, not the same at each record",
        ),
        (
            {"factor": 0.9, "cosine": [1.0, 0.75, 1.0]},
            0.9,
            "what is differentiated is no multiple of Keras' mean: the cosine is 0.75",
        ),
    ],
)
def test_reading_says_what_is_differentiated(
    columns: dict[str, Any], factor: float | None, reading: str
) -> None:
    row = of_loss(**{**ONCE, **columns})
    assert row is not None
    assert (row["factor"], row["reading"]) == (factor, reading)


def test_only_what_was_measured_at_one_backward_pass_a_step_counts() -> None:
    row = of_loss(**{**ONCE, "factor": [10.0, np.nan, 10.0], "cosine": [0.99, 1.0, 1.0]})
    assert row is not None
    assert (row["steps"], row["cosine"]) == ([5, 7], 0.99)
    row = of_loss(**{**ONCE, "factor": [7.0, 10.0, 10.0], "passes": [2.0, 1.0, 1.0]})
    assert row is not None
    assert (row["steps"], row["factor"]) == ([6, 7], 10.0)
    assert of_loss(**{**ONCE, "factor": 10.0, "passes": 2.0}) is None


def test_the_records_of_other_things_are_no_gradient_of_a_loss() -> None:
    assert of_loss(logged_loss=0.5) is None
    assert of_loss(applied_factor=1.0, applied_cosine=1.0, applied_passes=1.0) is None


@pytest.mark.parametrize(
    ("columns", "reading"),
    [
        ({}, "given what the backward pass gave"),
        (
            {"applied_factor": 0.25, "applied_passes": 4.0},
            "given 0.25 x the sum of 4 backward passes",
        ),
        (
            {"applied_passes": [1.0, 2.0, 1.0], "applied_factor": 2.0},
            "given 2 x what the backward passes gave",
        ),
        (
            {"applied_cosine": 0.5, "reduced_factor": 1.0, "reduced_cosine": 1.0, "replicas": 2},
            "given what the backward pass gave, summed over 2 replicas",
        ),
        (
            {"applied_cosine": 0.5},
            (
                "given no fixed multiple of what the backward pass gave: it is"
                " clipped, or of several losses"
            ),
        ),
    ],
)
def test_reading_says_what_the_optimizer_is_given(columns: dict[str, Any], reading: str) -> None:
    given = {"applied_factor": 1.0, "applied_cosine": 1.0, "applied_passes": 1.0}
    row = applied(**{**given, **columns})
    assert row is not None
    assert (row["reading"], row["steps"]) == (reading, [5, 7])


def test_of_too_few_steps_of_the_optimizer_nothing_is_said() -> None:
    columns: dict[str, Any] = {
        "applied_factor": [1.0, 1.0, np.nan],
        "applied_cosine": 1.0,
        "applied_passes": 1.0,
    }
    assert applied(**columns) is None
    assert applied(factor=1.0, **ONCE) is None

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.columns import KERAS_LOSSES
from tests.support.histories import create_history, create_loss
from tests.support.judging import judge

FROM_LOGITS = float(KERAS_LOSSES.index("SparseCategoricalCrossentropy(from_logits=True)"))
PROBABILITIES = float(KERAS_LOSSES.index("SparseCategoricalCrossentropy"))
BINARY_LOGITS = float(KERAS_LOSSES.index("BinaryCrossentropy(from_logits=True)"))
BINARY = float(KERAS_LOSSES.index("BinaryCrossentropy"))
LOGITS = {"prediction_smallest": -3.0, "prediction_largest": 4.0, "row_sum_error": 5.0}
SHARES = {"prediction_smallest": 0.01, "prediction_largest": 0.9, "row_sum_error": 1e-6}


def loss(candidate: float, *, static: Any = None, **columns: Any) -> ModelHistory:
    """Three measurements of a loop's loss, whose value is what was differentiated."""
    usual = {"measured": [0.9, 0.8, 0.7], "value_given": [0.9, 0.8, 0.7]}
    measured = create_loss(static=static, candidate=candidate, **{**usual, **columns})
    return create_history(losses=[measured])


ONE = {"row_sum_error": np.nan}
FINDINGS = {
    "a second softmax": loss(FROM_LOGITS, **SHARES),
    "the mean is divided again": loss(FROM_LOGITS, **SHARES, value_given=[0.09, 0.08, 0.07]),
    "a second sigmoid": loss(BINARY_LOGITS, **{**SHARES, **ONE}),
    "no softmax": loss(PROBABILITIES, **LOGITS),
    "no sigmoid": loss(BINARY, **{**LOGITS, **ONE}),
    "above 1": loss(BINARY, **{**SHARES, **ONE, "prediction_largest": 1.2}),
    "from low precision": loss(FROM_LOGITS, **{**SHARES, "row_sum_error": 0.9e-3}),
}
KERAS_LOOKS = {"carries_logits": True}
SILENT = {
    "logits": loss(FROM_LOGITS, **LOGITS),
    "probabilities": loss(PROBABILITIES, **SHARES),
    "probabilities of two classes": loss(BINARY, **{**SHARES, **ONE}),
    "rows do not add up": loss(FROM_LOGITS, **{**SHARES, "row_sum_error": 1.1e-3}),
    "once below 0": loss(FROM_LOGITS, **{**SHARES, "prediction_smallest": [0.1, -0.1, 0.1]}),
    "few values": loss(BINARY_LOGITS, **{**SHARES, **ONE}, prediction_elements=20.0),
    "Keras looks behind the activation": loss(FROM_LOGITS, static=KERAS_LOOKS, **SHARES),
    "a function": loss(FROM_LOGITS, static={**KERAS_LOOKS, "reduction": None}, **SHARES),
    "another value": loss(FROM_LOGITS, **SHARES, value_given=[0.9, 0.7, 0.2]),
    "no value": loss(FROM_LOGITS, **SHARES, value_given=np.nan),
    "a squared error": loss(0.0, **LOGITS),
    "no known loss": loss(np.nan, **LOGITS),
    "no range": loss(FROM_LOGITS),
    "no loss": create_history(),
}
OK = ("logits", "probabilities", "Keras looks behind the activation", "a squared error")


@pytest.mark.parametrize("name", FINDINGS)
def test_warns(name: str) -> None:
    outcome = judge("LR112", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (1, 3))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR112", SILENT[name]).status != "finding"


@pytest.mark.parametrize("name", OK)
def test_passes_on_evidence(name: str) -> None:
    assert judge("LR112", SILENT[name]).status == "ok"


@pytest.mark.parametrize("name", ["a function", "another value", "no value", "no range"])
def test_what_is_not_known_is_not_passed(name: str) -> None:
    assert judge("LR112", SILENT[name]).status == "not_checked"


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("a second softmax", "`SparseCategoricalCrossentropy()` without from_logits"),
        ("no softmax", "`SparseCategoricalCrossentropy(from_logits=True)`"),
        ("no sigmoid", "`BinaryCrossentropy(from_logits=True)`, or end the model in a sigmoid"),
    ],
)
def test_names_the_loss_to_take(name: str, fix: str) -> None:
    assert fix in judge("LR112", FINDINGS[name]).fix

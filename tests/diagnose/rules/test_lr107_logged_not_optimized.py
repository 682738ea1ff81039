"""LR107: a logged loss that is 0, or another number, while a loss trains."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import GradientHistory, ModelHistory
from tests.support.histories import create_history
from tests.support.judging import judge

NAN = float("nan")


def logged(*losses: float, factor: float = 1.0, **facts: Any) -> ModelHistory:
    """The logged losses of epochs of ten steps, with the measured factor of the gradient."""
    history = create_history(facts={"own_train_step": True, **facts})
    steps = 10 * np.arange(1, len(losses) + 1, dtype=np.int64)
    columns = {"logged_loss": np.array(losses, float)}
    of_loss = {"factor": np.full(len(losses), factor)}
    gradients = (
        GradientHistory(name="logged", steps=steps, columns=columns),
        GradientHistory(name="loss", steps=steps, columns=of_loss),
    )
    return replace(history, gradients=gradients)


def measured(logged_losses: Any, compiled: Any, **columns: Any) -> ModelHistory:
    """The logged losses of epochs, and the compiled loss that was measured in them."""
    facts = columns.pop("facts", {})
    factor = columns.pop("factor", 1.0)
    cosine = columns.pop("cosine", 1.0)
    logged_losses = np.asarray(logged_losses, float)
    steps = 10 * np.arange(1, len(logged_losses) + 1, dtype=np.int64)
    whole = {
        "logged_loss": logged_losses,
        "compiled_by_rows": compiled,
        "compiled_by_steps": compiled,
        "compiled_last": compiled,
        "compiled_deviation": 0.0,
        "predictions_mean": 77.0,
        "regularization": 0.0,
        "other_losses": 0.0,
        "compiled_steps": 10.0,
        "epoch_steps": 10.0,
        **columns,
    }
    full = np.ones(len(steps))
    gradient = {"factor": factor * full, "cosine": cosine * full, "steps": 10 * full}
    gradients = (
        GradientHistory(
            name="logged",
            steps=steps,
            columns={name: full * np.asarray(value, float) for name, value in whole.items()},
        ),
        GradientHistory(name="loss", steps=steps, columns={**gradient, "passes": 10 * full}),
    )
    history = create_history(facts={"own_train_step": True, **facts})
    return replace(history, gradients=gradients)


COMPILED = np.array([4.0, 2.0, 1.0])

FINDINGS = {
    "two epochs": logged(0.0, 0.0),
    "eight epochs": logged(*[0.0] * 8),
    "a small factor": logged(0.0, 0.0, factor=1e-6),
}

OTHER_FINDINGS = {
    "the mean of the predictions": measured(
        [0.1, 0.11, 0.1], COMPILED, predictions_mean=[0.1, 0.11, 0.1]
    ),
    "the predictions, above": measured([9.0, 9.1, 9.0], COMPILED, predictions_mean=[9.0, 9.1, 9.0]),
    "the predictions, of a step with another loss": measured(
        [9.0, 9.1, 9.0], COMPILED, predictions_mean=[9.0, 9.1, 9.0], cosine=0.8
    ),
    "just below nine tenths": measured([0.899, 0.5, 0.5], [1.0, 1.1, 1.0]),
    "three deviations below": measured([0.62, 0.5, 0.5], [1.0, 1.1, 1.0], compiled_deviation=0.1),
    "two whole epochs and one that is not": measured(
        [0.1, 0.1, 1.0], [1.0, 1.1, 1.0], compiled_steps=[10.0, 10.0, 1.0]
    ),
    "below, with regularizers": measured([0.1, 0.2, 0.1], [1.0, 1.1, 1.0], regularization=0.5),
    "below both of a factor": measured([0.4, 0.1, 0.1], [1.0, 1.1, 1.0], factor=0.5),
}
SILENT = {
    "Keras' own step": create_history(),
    "equal": measured(COMPILED, COMPILED),
    "two epochs": measured([4.0, 2.0], [4.0, 2.0]),
    "within the tolerance": measured(1.0049 * COMPILED, COMPILED),
    "the mean over rows": measured(COMPILED, 2.0 * COMPILED, compiled_by_rows=COMPILED),
    "the mean over steps": measured(COMPILED, 2.0 * COMPILED, compiled_by_steps=COMPILED),
    "the last step": measured(COMPILED, 2.0 * COMPILED, compiled_last=COMPILED),
    "what is differentiated": measured(32.0 * COMPILED, COMPILED, factor=32.0),
    "the compiled loss of that": measured(COMPILED, COMPILED, factor=32.0),
    "with regularizers": measured([4.5, 2.35, 1.25], COMPILED, regularization=[0.5, 0.3, 0.2]),
    "without regularizers": measured(COMPILED, COMPILED, regularization=[0.5, 0.3, 0.2]),
    "the predictions are the loss": measured(COMPILED, COMPILED, predictions_mean=COMPILED),
    "whole epochs are equal": measured(COMPILED, [4.0, 2.0, 0.5], compiled_steps=[10.0, 10.0, 1.0]),
    "of a log without the number of its steps": measured(COMPILED, COMPILED, epoch_steps=NAN),
    "0 at the end": measured([2.0, 0.0], [2.0, 0.0]),
}

FACTS = {
    "a hundred times": measured(100.0 * COMPILED, COMPILED),
    "a tenth": measured(0.1 * COMPILED, COMPILED),
}

NOT_CHECKED = {
    "one epoch": logged(0.0),
    "one whole epoch": measured([0.1, 0.1, 0.1], [1.0, 1.1, 1.0], compiled_steps=[10.0, 1.0, 1.0]),
    "nothing is differentiated": logged(0.0, 0.0, factor=0.0),
    "not measured whether it trains": logged(0.0, 0.0, factor=NAN),
    "not logged": logged(NAN, NAN),
    "a loop": create_history(facts={"trained_by": "loop"}),
    "not 0, and not measured": logged(2.0, 1.0),
    "one of the epochs not measured": measured(COMPILED, [4.0, 2.0, NAN]),
    "replicas": measured(COMPILED, COMPILED, facts={"replicas": 2}),
    "above": measured([4.1, 2.5, 1.2], COMPILED),
    "beyond the tolerance": measured([1.0, 1.0051], [1.0, 1.0]),
    "above, of regularizers of other size": measured(
        [4.9, 2.9, 1.9], COMPILED, regularization=[0.5, 0.3, 0.2]
    ),
    "just above nine tenths": measured([0.901, 0.5, 0.5], [1.0, 1.1, 1.0]),
    "within three deviations": measured([0.64, 0.5, 0.5], [1.0, 1.1, 1.0], compiled_deviation=0.1),
    "below, with losses of layers": measured([0.1, 0.2, 0.1], [1.0, 1.1, 1.0], other_losses=1.0),
    "above half of it": measured([0.46, 0.48, 0.46], [1.0, 1.1, 1.0], factor=0.5),
    "another loss, equal": measured(COMPILED, COMPILED, cosine=0.8),
    "another loss, below": measured([0.1, 0.2, 0.1], [1.0, 1.1, 1.0], cosine=0.8),
    "a constant quotient of equal losses": measured([2.0, 2.0, 2.0], [1.0, 1.01, 1.0]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("LR107", FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert "0.0 in each of" in outcome.message


@pytest.mark.parametrize("name", OTHER_FINDINGS)
def test_finds_another_number(name: str) -> None:
    outcome = judge("LR107", OTHER_FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    of_predictions = "predictions" in name
    assert ("the mean of the predictions" in outcome.message) == of_predictions
    assert outcome.steps == (10, 20 if "whole" in name else 30)


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    outcome = judge("LR107", SILENT[name])
    assert (outcome.status, outcome.fact) == ("ok", False)


@pytest.mark.parametrize("name", FACTS)
def test_a_multiple_is_a_fact(name: str) -> None:
    outcome = judge("LR107", FACTS[name])
    assert (outcome.status, outcome.fact) == ("ok", True)


@pytest.mark.parametrize("name", NOT_CHECKED)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("LR107", NOT_CHECKED[name]).status == "not_checked"


def test_the_metric_is_told() -> None:
    outcome = judge("LR107", FINDINGS["eight epochs"])
    assert "0.0 in each of 8 epochs" in outcome.message
    assert "metric.update_state(loss)" in (outcome.fix or "")
    assert outcome.steps == (10, 80)

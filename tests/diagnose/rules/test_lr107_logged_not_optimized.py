"""LR107: a logged loss that is 0 while another one trains."""

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


FINDINGS = {
    "two epochs": logged(0.0, 0.0),
    "eight epochs": logged(*[0.0] * 8),
    "a small factor": logged(0.0, 0.0, factor=1e-6),
}

SILENT = {
    "a loss that falls": logged(2.0, 1.0),
    "a loss that reaches 0": logged(2.0, 0.0, 0.0),
    "just no 0": logged(0.0, 1e-30),
    "Keras' own step": create_history(),
}

NOT_CHECKED = {
    "one epoch": logged(0.0),
    "nothing is differentiated": logged(0.0, 0.0, factor=0.0),
    "not measured": logged(0.0, 0.0, factor=NAN),
    "not logged": logged(NAN, NAN),
    "a loop": create_history(facts={"trained_by": "loop"}),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("LR107", FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR107", SILENT[name]).status == "ok"


@pytest.mark.parametrize("name", NOT_CHECKED)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("LR107", NOT_CHECKED[name]).status == "not_checked"


def test_the_metric_is_told() -> None:
    outcome = judge("LR107", FINDINGS["eight epochs"])
    assert "0.0 in each of 8 epochs" in outcome.message
    assert "metric.update_state(loss)" in (outcome.fix or "")
    assert outcome.steps == (10, 80)

"""LR105: the loss of a replica is divided by the rows of all, once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import create_history, create_loss
from tests.support.judging import judge


def replicated(measured: float, **columns: Any) -> ModelHistory:
    """A loss whose Keras mean on a replica is 0.5, under two replicas."""
    values = {"replicas": 2.0, "measured": measured, "doubled": measured, **columns}
    facts = {"replicas": 2, "trained_by": "loop"}
    return create_history(losses=[create_loss(**values)], facts=facts)


FINDINGS = {
    "a mean of each replica": replicated(0.5),
    "just not divided": replicated(0.5 * 1.0049),
    "divided twice": replicated(0.125),
    "a mean that the loop divides twice": replicated(0.5, value_given=0.125, elements=1.0),
    "undivided, and summed over the outputs": replicated(5.0),
}

SILENT = {
    "divided once": replicated(0.25),
    "divided by the loop": replicated(0.5, value_given=0.25),
    "another factor": replicated(0.35),
    "just no multiple": replicated(0.5 * 1.0051),
    "summed over the outputs": replicated(2.5),
    "not recognised": replicated(0.5, keras_mean=np.nan),
    "one replica": create_history(losses=[create_loss()]),
    "no loss": create_history(facts={"replicas": 2, "trained_by": "loop"}),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("LR105", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "error", (1, 3))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR105", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["not recognised", "no loss"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("LR105", SILENT[name]).status == "not_checked"


def test_adam_divides_it_out() -> None:
    history = create_history(
        losses=[create_loss(replicas=2.0)],
        facts={"replicas": 2, "trained_by": "loop", "optimizer": "Adam"},
    )
    assert judge("LR105", history).fact


def test_the_cure_depends_on_the_side() -> None:
    assert "Divide once" in judge("LR105", FINDINGS["divided twice"]).fix
    assert "compute_average_loss" in judge("LR105", FINDINGS["a mean of each replica"]).fix

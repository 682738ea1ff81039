from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import FIFTY_STEPS, create_history, inference_columns
from tests.support.judging import judge


def frozen(columns: dict[str, Any] | None = None, **changed: Any) -> ModelHistory:
    """Frozen layers, asked to train at every step."""
    usual = inference_columns() | {
        "trainable": 0.0,
        "trainable_as_set": 0.0,
        "gamma_beta_changes": 0.0,
        "frozen_executions": FIFTY_STEPS,
    }
    return create_history(columns=usual | (columns or {}), **changed)


MOVING = {
    "frozen_updates": FIFTY_STEPS,
    "statistics_changes": FIFTY_STEPS,
    "external_changes": FIFTY_STEPS,
    "statistics_first_step": 1.0,
}
ASSIGNED = {
    "statistics_changes": FIFTY_STEPS,
    "external_changes": FIFTY_STEPS,
    "statistics_first_step": 1.0,
}

FINDINGS = {
    "a class of one's own": frozen(MOVING, layer_facts={"keras_layer": False}),
    "it moved once": frozen(MOVING | {"frozen_updates": 1.0}),
    "a mean teacher": frozen(ASSIGNED),
    "written twice": frozen(ASSIGNED | {"external_changes": np.minimum(FIFTY_STEPS, 2.0)}),
}

SILENT = {
    "frozen and still": frozen(),
    "loaded once": frozen(ASSIGNED | {"external_changes": 1.0}),
    "nothing frozen": create_history(),
    "a teacher that is not frozen": create_history(columns=inference_columns() | ASSIGNED),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN107", FINDINGS[name])
    assert outcome.fact == (name in ("a mean teacher", "written twice"))
    assert outcome.fact or (outcome.status, outcome.severity) == ("finding", "error")
    assert outcome.steps == (1, 50)


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN107", SILENT[name]).status in {"ok", "not_checked"}


def test_missing_evidence_is_not_ok() -> None:
    assert judge("BN107", SILENT["no record"]).status == "not_checked"

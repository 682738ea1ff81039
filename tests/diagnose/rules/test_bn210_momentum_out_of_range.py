from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import create_history
from tests.support.judging import judge


def momentum(value: float | None, **columns: Any) -> ModelHistory:
    return create_history(layer_facts={"momentum": value}, columns=columns)


FINDINGS = {
    "above": momentum(1.1),
    "just above": momentum(float(np.nextafter(1.0, 2.0))),
    "below": momentum(-0.1),
    "just below": momentum(float(np.nextafter(0.0, -1.0))),
    "99 for 0.99": momentum(99.0),
}

SILENT = {
    "one": momentum(1.0),
    "zero": momentum(0.0),
    "usual": momentum(0.99),
    "not known": momentum(None),
    "never in training mode": momentum(1.1, training_tape=0.0),
    "no record": create_history(steps=[], layer_facts={"momentum": 1.1}),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN210", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "error", (1, 50))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN210", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["not known", "never in training mode", "no record"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN210", SILENT[name]).status == "not_checked"

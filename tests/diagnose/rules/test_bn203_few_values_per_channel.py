from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import FIFTY_STEPS, create_history, inference_columns
from tests.support.judging import judge

STEPS = np.array(FIFTY_STEPS, np.float64)


def few(
    below_2: Any = 0.0, below_16: Any = 0.0, own_call: bool = False, **columns: Any
) -> ModelHistory:
    return create_history(
        columns={"training_below_2": below_2, "training_below_16": below_16, **columns},
        layer_facts={"keras_layer": not own_call},
    )


ERRORS = {"one value": few(STEPS, STEPS), "half of them": few(np.ceil(STEPS / 2), STEPS)}
WARNINGS = {
    "fifteen values": few(0.0, STEPS),
    "half of the executions": few(0.0, np.ceil(STEPS / 2)),
    "a class of one's own that moves": few(0.0, STEPS, own_call=True),
}
INFOS = {"a last batch of one row": few(np.floor(STEPS / 10), np.floor(STEPS / 10))}
FINDINGS = ERRORS | WARNINGS | INFOS

SILENT = {
    "enough": few(),
    "a short last batch": few(0.0, np.floor(STEPS / 10)),
    "just under half": few(0.0, np.floor(STEPS * 0.49)),
    "the call that builds it": few(1.0, 1.0, training_tape=1.0),
    "a class of one's own that hands on `training=False`": few(
        STEPS, STEPS, own_call=True, statistics_changes=0.0
    ),
    "inference": create_history(columns=inference_columns()),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN203", FINDINGS[name])
    severity = "error" if name in ERRORS else "warning" if name in WARNINGS else "info"
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", severity, (1, 50))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN203", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["the call that builds it", "inference", "no record"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN203", SILENT[name]).status == "not_checked"


def test_the_fix_for_a_virtual_batch_is_a_larger_one() -> None:
    history = create_history(columns={"training_below_16": STEPS}, layer_facts={"virtual_batch": 2})
    outcome = judge("BN203", history)
    assert "virtual_batch_size=2" in outcome.fix
    assert "virtual batches of 2 rows" in outcome.message

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import FIFTY_STEPS, create_history
from tests.support.judging import judge

STEPS = np.array(FIFTY_STEPS, np.float64)


def half(
    stalled: Any = STEPS, *, dtype: str = "bfloat16", momentum: float = 0.99, **columns: Any
) -> ModelHistory:
    first = np.where(np.asarray(stalled) > 0, 1.0, np.nan)
    return create_history(
        columns={
            "stalled_executions": stalled,
            "stalled_first_step": first,
            "low_precision_updates": STEPS * (np.asarray(stalled) > 0),
            **columns,
        },
        layer_facts={"dtype": dtype, "momentum": momentum},
    )


FINDINGS = {
    "bfloat16": half(),
    "float16 with a high momentum": half(dtype="float16", momentum=0.999),
    "half of the updates": half(STEPS / 2),
    # 2^-8 / (1 - 0.961) = 0.1002
    "just coarse enough": half(momentum=0.961),
}

SILENT = {
    "they move": half(0.0),
    "just under half of the updates": half(STEPS * 0.499),
    "float16 follows": half(dtype="float16"),
    "float32": half(dtype="float32"),
    # 2^-8 / (1 - 0.96) = 0.0977
    "just fine enough": half(momentum=0.96),
    "momentum 1": half(momentum=1.0),
    "eleven since it began": half(low_precision_updates=np.minimum(STEPS, 11.0)),
    "eleven updates": half(training_tape=np.minimum(STEPS, 11.0), low_precision_updates=0.0),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN205", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (1, 50))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN205", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["eleven updates", "no record"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN205", SILENT[name]).status == "not_checked"


def test_the_error_that_a_stall_leaves_is_that_of_the_formula() -> None:
    # half a unit in the last place of bfloat16 is 2^-8 of the value; an update is 1 % of the gap
    error = judge("BN205", half()).evidence["relative_error_possible"]
    assert error == pytest.approx(2**-8 / 0.01, abs=1e-4)

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import FIFTY_STEPS, create_history
from tests.support.judging import judge

STEPS = np.array(FIFTY_STEPS, np.float64)


def lost(column: str, moved: Any = 0.0, columns: Any = None, **layer: Any) -> ModelHistory:
    usual = {column: STEPS, "statistics_changes": moved}
    return create_history(columns=usual | (columns or {}), layer_facts=layer)


FINDINGS = {
    "neither moves": lost("idle_records"),
    "the variance stays": lost("mean_only_records", STEPS),
    "the mean stays": lost("variance_only_records", STEPS),
    "the mean is written into the variance": lost(
        "variance_only_records", STEPS, {"batch_variance": -0.5}
    ),
    "five records": lost("idle_records", columns={"idle_records": np.minimum(STEPS, 5.0)}),
    "a variance alone, in a class of one's own": lost(
        "variance_only_records", STEPS, keras_layer=False
    ),
    "a mean alone, in a class of one's own": lost("mean_only_records", STEPS, keras_layer=False),
    # 2^-22 * 0.5 / 0.001 = 1.19e-4
    "just more than rounding": lost(
        "variance_only_records", STEPS, {"batch_variance": 1.2e-4}, momentum=0.999
    ),
}

SILENT = {
    "healthy": create_history(),
    "four records": lost("idle_records", columns={"idle_records": np.minimum(STEPS, 4.0)}),
    "a full batch that has converged": lost("idle_records", np.minimum(STEPS, 20.0)),
    "the variance converged before the mean": lost("mean_only_records", STEPS + 30.0),
    "inputs of 0": lost("variance_only_records", STEPS, {"batch_variance": 1e-7}),
    "inputs of 0, rounded": lost(
        "variance_only_records", STEPS, {"batch_variance": 1.19e-4}, momentum=0.999
    ),
    "half precision": lost("idle_records", dtype="bfloat16"),
    "momentum 1": lost("idle_records", momentum=1.0),
    "loaded": lost("idle_records", start="loaded"),
    "inference": create_history(columns={"training_tape": 0.0}),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN209", FINDINGS[name])
    severity = "info" if name.endswith("of one's own") else "error"
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", severity, (1, 50))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN209", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["half precision", "loaded", "inference", "no record"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN209", SILENT[name]).status == "not_checked"


def test_a_class_that_passes_inference_mode_on_learns_so() -> None:
    own = judge("BN209", lost("idle_records", keras_layer=False))
    assert "pass `training=training` on" in own.fix
    assert "stateless_call" in judge("BN209", lost("idle_records")).fix


def test_the_call_of_keras_is_not_to_be_changed() -> None:
    fix = judge("BN209", lost("idle_records")).fix
    assert "`variable.assign(value)`" in fix
    assert "Let `call`" not in fix

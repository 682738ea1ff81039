from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.diagnose.rules import bn206_replica_drift
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.thresholds import REPLICA_MEAN_SHARE, REPLICA_VARIANCE_FACTOR
from tests.support.histories import create_history
from tests.support.judging import judge


def drifted(
    mean: float = 0.0,
    variance: float = 0.0,
    error: float = 0.05,
    *,
    replicas: int = 2,
    compared: float = 50.0,
    keras: str = "keras 3.15.1",
    **columns: Any,
) -> ModelHistory:
    return create_history(
        columns={
            "replica_mean_gap": mean,
            "replica_variance_gap": variance,
            "replica_mean_error": error,
            "replica_variance_error": error,
            "replica_gap_first_step": 9.0 if mean or variance else np.nan,
            **columns,
        },
        model={"copies_compared": compared},
        facts={"replicas": replicas, "keras": keras},
    )


FINDINGS = {
    "means": drifted(mean=0.51),
    "variances": drifted(variance=0.70),  # ln 2 = 0.693
    "just beyond five errors": drifted(mean=1.0, error=0.199),
    "many replicas": drifted(mean=1.0, replicas=8),
    "exact copies of one distribution each": drifted(mean=1.0, error=0.0),
}

SILENT = {
    "alike": drifted(),
    "means nearly apart": drifted(mean=0.5),
    "variances nearly apart": drifted(variance=0.69),
    "noise of the mean": drifted(mean=1.0, error=0.201),
    "noise of the variance": drifted(variance=1.0, error=0.201),
    "one replica": drifted(mean=1.0, replicas=1),
    "seven records": drifted(compared=7.0),
    "one copy in this process": drifted(compared=np.nan),
    "no record": create_history(steps=[], facts={"replicas": 2}),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN206", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (9, 50))
    assert len(outcome.layers) == 3


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN206", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["seven records", "one copy in this process", "no record"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN206", SILENT[name]).status == "not_checked"


@pytest.mark.parametrize(
    ("keras", "saved"),
    [
        ("keras 3.15.1", "first replica's copy alone"),
        ("tf_keras 2.21.0", "mean of the copies"),
    ],
)
def test_says_which_copy_is_saved(keras: str, saved: str) -> None:
    assert saved in judge("BN206", drifted(mean=1.0, keras=keras)).message


def test_only_layers_that_drifted_are_named() -> None:
    gaps = np.tile([0.0, 2.0, 0.4], (50, 1))
    outcome = judge("BN206", drifted(replica_mean_gap=gaps, replica_gap_first_step=9.0))
    assert outcome.layers == ("bn_1",)


def test_the_recorder_notes_what_the_rule_finds() -> None:
    far = {"mean": REPLICA_MEAN_SHARE, "variance": float(np.log(REPLICA_VARIANCE_FACTOR))}
    assert far == bn206_replica_drift.FAR

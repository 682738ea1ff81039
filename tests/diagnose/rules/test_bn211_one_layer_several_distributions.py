from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import (
    FIFTY_STEPS,
    create_history,
    create_probe,
    create_probe_layers,
)
from tests.support.judging import judge

STEPS = np.array(FIFTY_STEPS, np.float64)
WORSE, SAME = (0.6, 1.0), (0.95, 0.95)


def shared(
    accuracy: tuple[float, float] = WORSE,
    probed: Any = None,
    columns: Any = None,
    **changed: Any,
) -> ModelHistory:
    """One layer for four inputs, whose means are three deviations from the mean over them."""
    layers = {"calls": 4.0, "calls_mean_gap": 3.0, "calls_variance_gap": 0.1, **(probed or {})}
    return create_history(
        columns={"training_tape": 4 * STEPS} | (columns or {}),
        probe=create_probe(accuracy=accuracy),
        probe_layers=create_probe_layers(**layers),
        **changed,
    )


VARIANCES = {"calls_mean_gap": 0.0, "calls_variance_gap": np.log(2.1)}
WARNINGS = {
    "four sensors": shared(),
    "of other means, just beyond": shared(probed={"calls_mean_gap": 0.51}),
    "of other variances, just beyond": shared(probed=VARIANCES),
}
INFOS = {
    "to no harm": shared(SAME),
    "no score": shared((np.nan, np.nan)),
}
FINDINGS = WARNINGS | INFOS
SILENT = {
    "siamese towers, just within": shared(probed={"calls_mean_gap": 0.49}),
    "variances just within": shared(probed=VARIANCES | {"calls_variance_gap": np.log(1.9)}),
    "one call": shared(
        probed={"calls": 1.0, "calls_mean_gap": 0.0}, columns={"training_tape": STEPS}
    ),
    "frozen": shared(columns={"training_tape": 0.0, "inference_tape": 4 * STEPS}),
    "momentum 1": shared(layer_facts={"momentum": 1.0}),
    "no probe": create_history(columns={"training_tape": 4 * STEPS}),
    "not measured": shared(probed={"calls": np.nan, "calls_mean_gap": np.nan, "mean_gap": np.nan}),
    "one record": create_history(steps=[1]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN211", FINDINGS[name])
    severity = "warning" if name in WARNINGS else "info"
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", severity, (1, 50))
    assert outcome.evidence["calls_a_pass"] == 4
    assert "of its own" in outcome.fix


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN211", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["no probe", "not measured", "one record"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN211", SILENT[name]).status == "not_checked"


def test_only_the_layers_that_are_shared_are_named() -> None:
    history = shared(probed={"calls": [4.0, 1.0, 4.0], "calls_mean_gap": [3.0, 0.0, 0.2]})
    assert judge("BN211", history).layers == ("bn_0",)


def test_the_number_is_that_of_the_farthest_call() -> None:
    evidence = judge("BN211", shared()).evidence
    assert evidence["mean_apart"] == 3.0
    assert evidence["variance_factor"] == pytest.approx(np.exp(0.1))

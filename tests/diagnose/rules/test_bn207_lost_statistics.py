from __future__ import annotations

from typing import Any

import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import FIFTY_STEPS, create_history, inference_columns
from tests.support.judging import judge

EVALUATED = inference_columns() | {
    "inference_tape": 0.0,
    "inference_evaluate": FIFTY_STEPS,
    "gamma_beta_changes": 0.0,
}


def loaded(columns: dict[str, Any] | None = None, **layer: Any) -> ModelHistory:
    """Layers whose gamma and beta were trained before, evaluated."""
    return create_history(
        columns=EVALUATED | (columns or {}), layer_facts={"gamma_beta_start": "trained", **layer}
    )


FINDINGS = {
    "evaluated": loaded(),
    "one execution": loaded({"inference_evaluate": 1.0}),
    "fine-tuned in inference mode": loaded(inference_columns()),
}

SILENT = {
    "statistics were loaded too": loaded(start="loaded"),
    "a new layer": loaded(gamma_beta_start="initializer"),
    "gamma and beta not known": loaded(gamma_beta_start="unknown"),
    "trains": loaded({"training_tape": FIFTY_STEPS, "statistics_changes": FIFTY_STEPS}),
    "statistics loaded later": loaded({"statistics_changes": 1.0}),
    "a training that is watched late": loaded({"gamma_beta_changes": FIFTY_STEPS}),
    "not executed": loaded({"inference_evaluate": 0.0}),
    "momentum 1": loaded(momentum=1.0),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN207", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "error", (1, 50))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN207", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize(
    "name",
    ["gamma and beta not known", "a training that is watched late", "not executed", "no record"],
)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN207", SILENT[name]).status == "not_checked"

from __future__ import annotations

from typing import Any

import numpy as np
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


STEPS = np.array(FIFTY_STEPS, float)
NOT_OPTIMIZED = {"iterations": np.nan}


def copied(
    columns: dict[str, Any] | None = None, model: Any = NOT_OPTIMIZED, **layer: Any
) -> ModelHistory:
    """A target network: its weights are assigned every ten steps, and it only measures."""
    usual = EVALUATED | {
        "gamma_beta_changes": STEPS // 10,
        "inference_no_tape": STEPS,
        "inference_evaluate": 0.0,
    }
    return create_history(
        columns=usual | (columns or {}),
        model={"weight_changes": STEPS // 10} | model,
        layer_facts={"gamma_beta_start": "initializer", **layer},
    )


AFTER_30 = STEPS > 30


def put_back(columns: dict[str, Any] | None = None, **layer: Any) -> ModelHistory:
    """Trained for 30 steps, then reset, then evaluated at each record."""
    usual = {
        "training_tape": np.minimum(STEPS, 30),
        "gamma_beta_changes": np.minimum(STEPS, 30),
        "statistics_changes": np.minimum(STEPS, 31),
        "put_back_step": np.where(AFTER_30, 31.0, np.nan),
        "put_back_inference": np.maximum(STEPS - 31, 0),
        "inference_evaluate": STEPS,
    }
    return create_history(columns=usual | (columns or {}), layer_facts=layer)


COPIED = {
    "a target network": copied(),
    "a server that averages its clients": copied(
        {"inference_evaluate": STEPS, "inference_no_tape": 0.0}, {"iterations": 0.0}
    ),
    "copied once": copied({"gamma_beta_changes": (STEPS >= 10).astype(float)}),
}

PUT_BACK = {
    "put back": put_back(),
    "statistics that were loaded, put back": put_back(
        {"training_tape": 0.0, "statistics_changes": (STEPS > 30).astype(float)}, start="loaded"
    ),
}

LOADED = {
    "evaluated": loaded(),
    "one execution": loaded({"inference_evaluate": 1.0}),
    "fine-tuned in inference mode": loaded(inference_columns()),
}

FINDINGS = LOADED | COPIED | PUT_BACK

SILENT = {
    "a copy with its statistics": copied({"statistics_changes": STEPS // 10}),
    "a copy that trains": copied({"training_no_tape": STEPS}),
    "called under a tape": copied({"inference_tape": STEPS}),
    "called where a tape may be": copied({"inference_unknown": STEPS}),
    "its optimizer steps": copied(model={"iterations": STEPS}),
    "nothing but gamma and beta": copied(model={"weight_changes": 0.0}),
    "copied and not run since": copied({"inference_no_tape": np.minimum(STEPS, 9)}),
    "put back and not run since": put_back({"put_back_inference": 0.0}),
    "put back and filled again": put_back(
        {
            "put_back_step": np.where(STEPS == 31, 31.0, np.nan),
            "put_back_inference": 0.0,
            "training_no_tape": np.maximum(STEPS - 31, 0),
        }
    ),
    "put back, never trained": put_back({"gamma_beta_changes": 0.0}),
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
    steps = (31 if name in PUT_BACK else 1, 50)
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "error", steps)


@pytest.mark.parametrize("name", COPIED)
def test_the_cure_of_a_copy_is_to_copy_all_weights(name: str) -> None:
    assert "target.set_weights(model.get_weights())" in judge("BN207", COPIED[name]).fix


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN207", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize(
    "name",
    [
        *("gamma and beta not known", "a training that is watched late", "not executed"),
        *("called under a tape", "called where a tape may be", "its optimizer steps"),
        *("copied and not run since", "put back and not run since", "no record"),
    ],
)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN207", SILENT[name]).status == "not_checked"

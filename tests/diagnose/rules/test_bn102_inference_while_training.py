from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import CALL, FIFTY_STEPS, create_history, inference_columns
from tests.support.judging import judge

INFERENCE = inference_columns()


def loaded(**changed: Any) -> ModelHistory:
    layer_facts = {"start": "loaded", **changed.pop("layer_facts", {})}
    columns = INFERENCE | changed.pop("columns", {})
    return create_history(columns=columns, layer_facts=layer_facts, **changed)


def calls(reason: str, **changed: Any) -> list[Any]:
    return [replace(CALL, layer=index, reason=reason, **changed) for index in range(3)]


STEPS = np.array(FIFTY_STEPS, np.float64)


def stuck(columns: dict[str, Any] | None = None, **changed: Any) -> ModelHistory:
    """Trained in training mode up to step 20, and in inference mode since."""
    usual = {
        "training_tape": np.minimum(STEPS, 20.0),
        "inference_tape": np.maximum(STEPS - 20.0, 0.0),
        "statistics_changes": np.minimum(STEPS, 20.0),
        "training_last_step": np.minimum(STEPS, 20.0),
        "gamma_beta_changes": STEPS,
    }
    return create_history(columns=usual | (columns or {}), **changed)


FINDINGS = {
    "default": loaded(),
    "loaded while watched": loaded(columns={"statistics_changes": 1.0, "external_changes": 1.0}),
    "watched a second time": loaded(
        columns={"training_tape": 60.0}, layer_facts={"start_updates_before": 60.0}
    ),
    "two changes of gamma": loaded(columns={"gamma_beta_changes": np.minimum(FIFTY_STEPS, 3)}),
    "reason unknown": loaded(calls=calls("unknown")),
    "reason unknown, asked for inference mode": loaded(
        calls=calls("unknown", training_argument="false")
    ),
    "given to a sibling": loaded(calls=calls("sibling", training_argument="false")),
    "explicit only in evaluation": loaded(calls=calls("explicit", context="evaluate")),
}

ASKED_FOR = {
    "explicit": loaded(calls=calls("explicit", training_argument="false")),
    "given to the model": loaded(
        calls=calls("inherited", training_argument="false", source="model")
    ),
    "graph": loaded(calls=calls("graph", training_argument="false")),
    "explicit under the tape, not said where it is validated": loaded(
        calls=[
            *calls("explicit", training_argument="false"),
            *calls("default", context="no_tape"),
        ]
    ),
    "explicit, after a phase in which the layer was frozen": loaded(
        calls=[
            *calls("explicit", training_argument="false"),
            *calls("explicit", training_argument="true", trainable=False),
        ]
    ),
    "explicit, in a function traced alone": loaded(
        columns={"inference_tape": 0.0, "inference_unknown": FIFTY_STEPS},
        calls=calls("explicit", training_argument="false", context="unknown"),
    ),
    "base(x, training=False) in a functional graph": loaded(layer_facts={"requested": False}),
}

SILENT = {
    "gamma stands still since": stuck({"gamma_beta_changes": np.minimum(STEPS, 20.0)}),
    "one change of gamma since": stuck({"gamma_beta_changes": np.minimum(STEPS, 21.0)}),
    "written by another hand since": stuck({"statistics_changes": STEPS}),
    "frozen since": stuck({"trainable": np.where(STEPS > 20, 0.0, 1.0)}),
    "evaluated since": stuck({"inference_tape": 0.0, "inference_no_tape": STEPS}),
    "statistics at their initializers": create_history(columns=INFERENCE),
    "training mode": loaded(columns={"training_tape": FIFTY_STEPS, "inference_tape": 0.0}),
    "momentum 1": loaded(layer_facts={"momentum": 1.0}),
    "frozen": loaded(columns={"trainable": 0.0}),
    "gamma stands still": loaded(columns={"gamma_beta_changes": 0.0}),
    "one change of gamma": loaded(columns={"gamma_beta_changes": np.minimum(FIFTY_STEPS, 2)}),
    "mean teacher": loaded(columns={"statistics_changes": 2.0, "external_changes": 2.0}),
    "statistics moved": loaded(columns={"statistics_changes": 1.0, "external_changes": 0.0}),
    "only evaluated": loaded(columns={"inference_tape": 0.0, "inference_evaluate": FIFTY_STEPS}),
    "a single record": create_history(
        steps=[7], columns=inference_columns([7]), layer_facts={"start": "loaded"}
    ),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_warns(name: str) -> None:
    outcome = judge("BN102", FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert (outcome.steps, len(outcome.layers)) == ((1, 50), 3)


@pytest.mark.parametrize("name", ASKED_FOR)
def test_only_tells_what_was_asked_for(name: str) -> None:
    outcome = judge("BN102", ASKED_FOR[name])
    assert (outcome.status, outcome.severity) == ("finding", "info")
    assert outcome.evidence["asked_for"] is True


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN102", SILENT[name]).status in {"ok", "not_checked"}


def test_declared_as_expected() -> None:
    outcome = judge("BN102", loaded(facts={"expect": ("BN102",)}))
    assert (outcome.status, outcome.expected) == ("finding", True)


def test_freezing_needs_compile_only_with_fit() -> None:
    assert "compile again" in judge("BN102", loaded()).fix
    assert "compile again" not in judge("BN102", loaded(facts={"trained_by": "loop"})).fix


def test_stuck_in_evaluation_is_dated() -> None:
    outcome = judge("BN102", stuck())
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (20, 50))
    assert "until step 20" in outcome.message


def test_inference_mode_that_was_asked_for_is_an_info() -> None:
    asked = stuck(calls=calls("explicit", training_argument="false"))
    assert judge("BN102", asked).severity == "info"


def test_two_changes_since_are_enough() -> None:
    assert (
        judge("BN102", stuck({"gamma_beta_changes": np.minimum(STEPS, 22.0)})).status == "finding"
    )

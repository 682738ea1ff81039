from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import CALL, FIFTY_STEPS, create_history, inference_columns
from tests.support.judging import judge


def subclassed(columns: dict[str, Any] | None = None, **changed: Any) -> ModelHistory:
    facts = {
        "model_class": "MyModel",
        "subclassed": True,
        "call_accepts_training": False,
        **changed.pop("facts", {}),
    }
    return create_history(columns=inference_columns() | (columns or {}), facts=facts, **changed)


FINDINGS = {
    "initializers": subclassed(),
    "loaded statistics": subclassed(layer_facts={"start": "loaded"}),
    "one execution": subclassed({"inference_tape": 1.0, "gamma_beta_changes": 1.0}),
    "neither gamma nor beta": subclassed(
        {"gamma_beta_changes": 0.0}, layer_facts={"has_gamma": False, "has_beta": False}
    ),
    "False was a sibling's": subclassed(
        calls=[
            replace(CALL, layer=layer, training_argument="false", reason="sibling")
            for layer in range(3)
        ]
    ),
}

SILENT = {
    "tf_keras trains it properly": subclassed(facts={"keras": "tf_keras 2.21.0"}),
    "functional": subclassed(facts={"subclassed": False}),
    "takes training": subclassed(facts={"call_accepts_training": True}),
    "call not inspected": subclassed(facts={"call_accepts_training": None}),
    "a loop": subclassed(facts={"trained_by": "loop"}),
    "frozen": subclassed({"trainable": 0.0}),
    "frozen when traced": subclassed(
        calls=[replace(CALL, layer=index, trainable=False) for index in range(3)]
    ),
    "a teacher, asked for inference mode": subclassed(
        calls=[
            replace(CALL, layer=layer, training_argument="false", reason="inherited")
            for layer in range(3)
        ]
    ),
    "a teacher that does not learn": subclassed({"gamma_beta_changes": 0.0}),
    "layers told training=True": subclassed({"training_tape": FIFTY_STEPS}),
    "only evaluated": subclassed({"inference_tape": 0.0, "inference_evaluate": FIFTY_STEPS}),
    "no record": create_history(
        steps=[], facts={"subclassed": True, "call_accepts_training": False}
    ),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN106", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "error", (1, 50))
    assert "def call(self, x, training=None)" in outcome.fix


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN106", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["call not inspected", "a loop", "only evaluated", "no record"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN106", SILENT[name]).status == "not_checked"


def test_a_train_step_of_its_own_may_go_past_call() -> None:
    outcome = judge("BN106", subclassed(facts={"own_train_step": True}))
    assert "no other way" not in outcome.message
    assert outcome.fix.startswith("Call with `training=True` in `train_step`.")
    plain = judge("BN106", subclassed(facts={"own_train_step": False}))
    assert "no other way" in plain.message
    assert plain.fix.startswith("Add the argument")

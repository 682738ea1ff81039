from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import CALL, FIFTY_STEPS, create_history, inference_columns
from tests.support.judging import judge

HANDED_DOWN = replace(
    CALL,
    mode="training",
    training_argument="true",
    reason="inherited",
    source="model",
    function="train_step",
)


def graph(
    requested: bool | None = False, columns: dict[str, Any] | None = None, **call: Any
) -> ModelHistory:
    """Three layers of a functional graph, which fit ran in training mode."""
    calls = [replace(HANDED_DOWN, layer=index, **call) for index in range(3)]
    return create_history(columns=columns, layer_facts={"requested": requested}, calls=calls)


FINDINGS = {
    "fit overrides it": graph(),
    "the source is not known": graph(source=""),
    "in a loop": graph(context="unknown"),
    "one execution": graph(columns={"training_tape": 1.0}),
}

SILENT = {
    "respected": graph(columns=inference_columns(), mode="inference", training_argument="false"),
    "nothing asked": graph(requested=None),
    "training mode asked for": graph(requested=True),
    "called by hand with training=True": graph(reason="explicit"),
    "the base called by itself with training=True": graph(source="base"),
    "only in evaluate": graph(
        columns={"training_tape": 0.0, "training_evaluate": FIFTY_STEPS}, context="evaluate"
    ),
    "not executed": graph(columns={"training_tape": 0.0}),
    "no record": create_history(steps=[], layer_facts={"requested": False}),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN103", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "error", (1, 50))
    assert outcome.layers == ("bn_0", "bn_1", "bn_2")
    assert "trainable = False" in outcome.fix


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN103", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["not executed", "no record"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN103", SILENT[name]).status == "not_checked"


def test_the_fix_names_the_version_where_it_was_measured() -> None:
    assert judge("BN103", graph()).fix.startswith("keras 3.15.1 ignores")
    unknown = replace(graph(), facts=replace(graph().facts, keras="keras 3.99.0"))
    assert judge("BN103", unknown).fix.startswith("Freeze these layers")

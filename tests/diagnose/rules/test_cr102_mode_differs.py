from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import FIFTY_STEPS, LAYER, create_history, inference_columns
from tests.support.judging import judge_two

STEPS = np.array(FIFTY_STEPS, np.float64)


def trains(run: str = "fit", columns: Any = None, **changed: Any) -> ModelHistory:
    return create_history(run=run, columns=columns, **changed)


def infers(**changed: Any) -> ModelHistory:
    return create_history(run="loop", columns=inference_columns(), **changed)


OTHER_NAMES = {
    "layers": tuple(LAYER.__class__(**{**vars(LAYER), "path": f"n{i}"}) for i in range(3))
}
EVALUATES = {"training_evaluate": STEPS}

FINDINGS = {
    "training": (trains(), infers()),
    "the other way round": (infers(), trains()),
    "paired in order": (trains(), infers(facts=OTHER_NAMES)),
    "evaluation": (
        trains(columns=EVALUATES),
        trains("loop", columns={"inference_evaluate": STEPS}),
    ),
    "in one of two phases": (
        trains(columns={"training_tape": STEPS, "inference_tape": STEPS}),
        infers(),
    ),
    "just different": (
        trains(columns={"training_tape": 101 * STEPS, "inference_tape": 899 * STEPS}),
        infers(),
    ),
}

SILENT = {
    "alike": (trains(), trains("loop")),
    "just alike": (
        trains(columns={"training_tape": 99 * STEPS, "inference_tape": 901 * STEPS}),
        infers(),
    ),
    "other models": (trains(layers=2), infers(facts=OTHER_NAMES)),
    "nothing in common": (trains(), trains("loop", columns={"training_tape": 0.0})),
    "no record": (trains(), create_history(run="loop", steps=[])),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge_two("CR102", *FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "info")
    assert len(outcome.layers) == 3


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge_two("CR102", *SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["other models", "nothing in common", "no record"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge_two("CR102", *SILENT[name]).status == "not_checked"


def test_the_message_says_who_ran_how() -> None:
    message = judge_two("CR102", *FINDINGS["training"]).message
    assert message == (
        "In training, 3 layers ran in training mode in 'fit' and in inference mode in 'loop'."
    )


def test_the_message_tells_a_share_where_both_modes_ran() -> None:
    message = judge_two("CR102", *FINDINGS["in one of two phases"]).message
    assert "in training mode in 50% of its executions in 'fit'" in message

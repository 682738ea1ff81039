from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import FIFTY_STEPS, create_history
from tests.support.judging import judge

SWITCHED = np.where(np.arange(1, 51) > 20, 0.0, 1.0)
AGAINST = np.maximum(np.arange(1, 51) - 21.0, 0.0)


def switched(**changed: Any) -> ModelHistory:
    """Frozen at step 21 without compile: 29 executions go against it by step 50."""
    columns = {
        "trainable": SWITCHED,
        "trainable_as_set": SWITCHED,
        "trainable_as_set_step": np.where(SWITCHED == 0.0, 21.0, np.nan),
        "trainable_ignored": AGAINST,
        "trainable_ignored_first_step": np.where(AGAINST > 0, 21.0, np.nan),
    }
    return create_history(columns=columns | changed.pop("columns", {}), **changed)


FINDINGS = {
    "frozen, and trains on": switched(),
    "just enough": switched(columns={"trainable_ignored": np.minimum(AGAINST, 2.0)}),
    "unfrozen, and stays frozen": switched(
        columns={"trainable_as_set": 1.0 - SWITCHED, "trainable_ignored_frozen": AGAINST}
    ),
    "in a loop": switched(facts={"trained_by": "loop"}),
    "tf_keras": switched(facts={"keras": "tf_keras 2.21.0"}),
}

UNREACHED = {
    "training_tape": 0.0,
    "gamma_beta_changes": 0.0,
    "statistics_changes": 0.0,
    "trainable_as_set": 1.0,
}

SILENT = {
    "traced before, and in a loop": create_history(columns=UNREACHED, facts={"trained_by": "loop"}),
    "traced before, four steps": create_history(
        columns=UNREACHED, model={"iterations": np.minimum(np.arange(50.0), 4.0)}
    ),
    "traced before, and it learns": create_history(
        columns=UNREACHED | {"gamma_beta_changes": FIFTY_STEPS}
    ),
    "traced before, frozen": create_history(columns=UNREACHED | {"trainable_as_set": 0.0}),
    "healthy": create_history(),
    "one execution": switched(columns={"trainable_ignored": np.minimum(AGAINST, 1.0)}),
    "frozen all the time": create_history(
        columns={"trainable": 0.0, "trainable_as_set": 0.0, "frozen_executions": FIFTY_STEPS}
    ),
    "nothing executed": create_history(columns={"training_tape": 0.0}),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN105", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (21, 50))
    assert len(outcome.layers) == 3


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN105", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["nothing executed", "no record"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN105", SILENT[name]).status == "not_checked"


def test_the_message_says_what_was_set_and_the_fix_what_the_flavour_needs() -> None:
    frozen = judge("BN105", FINDINGS["frozen, and trains on"])
    assert "set to False (step 21)" in frozen.message
    assert "when the step is first traced" in frozen.fix
    unknown = judge("BN105", switched(facts={"keras": "keras 3.99.0"}))
    assert "only at `compile`, or when the step is first traced" in unknown.fix
    assert "only at `compile`" in judge("BN105", FINDINGS["tf_keras"]).fix
    assert "tf.function" in judge("BN105", FINDINGS["in a loop"]).fix
    assert "set to True" in judge("BN105", FINDINGS["unfrozen, and stays frozen"]).message


def test_what_was_set_later_does_not_turn_the_message_round() -> None:
    """Frozen in vain from step 21 on, and unfrozen at step 40, as `compile` then has it."""
    again = np.where(np.arange(1, 51) >= 40, 1.0, SWITCHED)
    history = switched(
        columns={"trainable_as_set": again, "trainable_ignored": np.minimum(AGAINST, 18.0)}
    )
    outcome = judge("BN105", history)
    assert "trained on in training mode after `trainable` was set to False" in outcome.message
    assert "layer.trainable = False" in outcome.fix


def test_what_was_traced_before_and_does_not_move_is_found() -> None:
    history = create_history(columns=UNREACHED, model={"iterations": np.arange(50.0)})
    outcome = judge("BN105", history)
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert "set after `compile`" in outcome.message
    assert "model.compile" in outcome.fix


def test_what_was_traced_before_is_not_checked_otherwise() -> None:
    for name in ("traced before, four steps", "traced before, and it learns"):
        assert judge("BN105", SILENT[name]).status == "not_checked"

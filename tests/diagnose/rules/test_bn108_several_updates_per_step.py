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


def updated(times: float, columns: dict[str, Any] | None = None, **changed: Any) -> ModelHistory:
    usual = {"training_tape": np.floor(times * STEPS)}
    return create_history(columns=usual | (columns or {}), **changed)


def shared(
    accuracy: tuple[float, float] = (0.95, 0.95), apart: float = 0.0, **changed: Any
) -> ModelHistory:
    """One layer for four inputs, which a probe may show to be apart."""
    return updated(
        4.0,
        probe=create_probe(accuracy=accuracy),
        probe_layers=create_probe_layers(calls=4.0, calls_mean_gap=apart),
        **changed,
    )


FINDINGS = {
    "siamese towers": shared(),
    "one layer for four inputs, no probe": updated(4.0, layer_facts={"calls_a_pass": 4}),
    "twice": updated(2.0),
    "just above 1.5": updated(1.0, {"training_tape": 1.51 * STEPS}),
    "three times, without an optimizer": updated(3.0, model={"iterations": np.nan}),
    "in turns with and without a tape": updated(1.0, {"training_no_tape": STEPS}),
    "accumulated: four batches a step": updated(1.0, model={"iterations": np.floor(STEPS / 4)}),
}

SILENT = {
    "once": updated(1.0),
    "sensors that differ, which BN211 tells": shared(apart=3.0),
    "just below 1.5": updated(1.0, {"training_tape": 1.49 * STEPS}),
    "statistics estimated anew": updated(
        1.0, {"training_no_tape": np.where(STEPS > 40, 200.0, 0.0)}
    ),
    "in evaluate": updated(1.0, {"training_evaluate": 5 * STEPS}),
    "nothing to update": updated(2.0, layer_facts={"momentum": 1.0}),
    "never": updated(0.0),
    "one record": create_history(steps=[1]),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN108", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "info", (1, 50))


@pytest.mark.parametrize(
    ("name", "cure", "wrong"),
    [
        ("one layer for four inputs, no probe", "of its own", "momentum **"),
        ("siamese towers", "Nothing", "of its own"),
        ("twice", "momentum ** (1 / 2)", "of its own"),
    ],
)
def test_the_cure_depends_on_what_the_calls_see(name: str, cure: str, wrong: str) -> None:
    fix = judge("BN108", FINDINGS[name]).fix
    assert cure in fix
    assert wrong not in fix


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN108", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize(
    "name", ["never", "one record", "no record", "sensors that differ, which BN211 tells"]
)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN108", SILENT[name]).status == "not_checked"


def test_the_number_is_that_of_the_executions_between_two_steps() -> None:
    assert judge("BN108", updated(3.0)).evidence["updates_a_step"] == 3.0

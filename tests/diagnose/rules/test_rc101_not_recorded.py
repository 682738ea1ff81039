"""RC101: a recording that failed is told."""

from __future__ import annotations

import pytest

from tb_bnplugin.diagnose.rules.rc101_not_recorded import never_began, stopped
from tb_bnplugin.schema.facts import SwitchedOff
from tests.support.histories import create_history
from tests.support.judging import judge

FAILED = SwitchedOff(part="recording", reason="ValueError: no")

FINDINGS = {
    "the recording failed": create_history(facts={"switched_off": (FAILED,)}),
    "the counting failed": create_history(
        facts={"switched_off": (SwitchedOff(part="counting", reason="TypeError"),)}
    ),
    "failed before a record": create_history(steps=[], facts={"switched_off": (FAILED,)}),
    "fit, traced before": create_history(columns={"training_tape": 0.0}),
    "a loop, traced before": create_history(
        columns={"training_tape": 0.0}, facts={"trained_by": "loop"}
    ),
    "only the evaluation is counted": create_history(
        columns={"training_tape": 0.0, "inference_evaluate": 5.0}
    ),
}

SILENT = {
    "healthy": create_history(),
    "inference mode alone": create_history(columns={"training_tape": 0.0, "inference_tape": 50.0}),
    "a probe failed": create_history(
        facts={"switched_off": (SwitchedOff(part="probe", reason="ValueError"),)}
    ),
    "no layers": create_history(facts={"layers": ()}),
    "no record": create_history(steps=[]),
    "evaluated only": create_history(
        columns={"training_tape": 0.0, "gamma_beta_changes": 0.0},
        model={"weight_changes": 0.0, "iterations": 0.0},
    ),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("RC101", FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("RC101", SILENT[name]).status == "ok"


def test_a_callback_says_it_without_records() -> None:
    assert never_began().status == stopped("ValueError").status == "finding"

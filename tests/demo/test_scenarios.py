"""D1 and D3 of the demo, on both flavours: what each program must show, and what not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Flavour
from tests.demo.conftest import LAYERS, Demo, cells, facts, findings, serious

SCENARIOS = ("D1", "D3")

# The first test waits for all of them.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_forgotten_training_argument_from_random_weights(report: Mapping[str, Any]) -> None:
    found = findings(report, "D1/1_loop_no_training_argument")
    assert len(found["BN101"]["layers"]) == LAYERS
    assert found["BN101"]["steps"][0] == 1
    assert "BN109" in found


def test_forgotten_training_argument_from_trained_weights(report: Mapping[str, Any]) -> None:
    found = findings(report, "D1/2_loop_from_trained_weights")
    assert len(found["BN102"]["layers"]) == LAYERS
    assert "BN101" not in found


@pytest.mark.parametrize("run", ["D1/3_loop_cured", "D1/4_fit/train"])
def test_right_programs_only_wait_for_their_statistics(report: Mapping[str, Any], run: str) -> None:
    assert serious(findings(report, run)) == {"BN201"}


def test_call_without_training_is_wrong_on_keras_3_alone(
    report: Mapping[str, Any], flavour: Flavour
) -> None:
    found = findings(report, "D1/5_subclass_without_training/train")
    if flavour.name == "keras3":
        assert len(found["BN106"]["layers"]) == LAYERS
        assert "BN101" not in found  # one fault is told once
    else:
        assert serious(found) == {"BN201"}


def test_recalibration_takes_the_start_out(report: Mapping[str, Any], demo: Demo) -> None:
    """After one epoch little is learned, and nothing of it shows before."""
    assert serious(findings(report, "D1/6_high_momentum/train")) == {"BN201"}
    numbers = re.findall(r"accuracy before ([\d.]+), recalibrated ([\d.]+)", demo.printed)
    ((before, after),) = [tuple(map(float, pair)) for pair in numbers]
    assert before < 0.15
    assert after > before + 0.1
    assert f"Recalibrated {LAYERS} layers" in demo.printed


def test_sum_over_outputs_differs_tenfold_from_the_mean(report: Mapping[str, Any]) -> None:
    (compared,) = (
        outcome
        for outcome in report["comparisons"]
        if outcome["code"] == "CR101" and outcome["runs"][1] == "D3/2_fit_mse/train"
    )
    assert compared["status"] == "finding"
    assert compared["evidence"]["quotient"] == pytest.approx(10.0, rel=1e-4)
    assert "learning_rate=0.1" in compared["fix"]


@pytest.mark.parametrize("run", ["D3/1_tape_sum_over_32", "D3/3_fit_own_loss/train"])
def test_fixed_divisor_fits_one_batch_size(report: Mapping[str, Any], run: str) -> None:
    assert "LR101" not in findings(report, run)
    assert "right only for 32 rows" in facts(report, run)["LR101"]["message"]
    other = findings(report, "D3/6_tape_sum_over_32_batch_64")["LR101"]
    assert other["severity"] == "warning"


def test_mean_over_everything_is_no_finding(report: Mapping[str, Any]) -> None:
    assert findings(report, "D3/2_fit_mse/train") == {}


def test_equal_learning_rate_restores_the_accuracy(demo: Demo) -> None:
    _, tape = map(float, cells(demo.printed, "1_tape_sum_over_32")[:2])
    _, mean = map(float, cells(demo.printed, "2_fit_mse")[:2])
    _, raised = map(float, cells(demo.printed, "4_fit_mse_learning_rate_x10")[:2])
    assert mean < raised - 0.1
    assert raised == pytest.approx(tape, abs=0.03)


def test_loss_that_train_step_returns_is_not_the_one_that_keras_3_shows(
    report: Mapping[str, Any], demo: Demo, flavour: Flavour
) -> None:
    found = findings(report, "D3/7_loss_returned/train")
    shown, accuracy = map(float, cells(demo.printed, "7_loss_returned")[:2])
    assert accuracy > 0.9  # it trains all the same
    if flavour.name == "keras3":
        assert serious(found) == {"LR107"}
        assert shown == 0.0
    else:
        assert serious(found) == set()
        assert shown > 0.1


def test_compiled_metrics_of_keras_3_show_the_mean_of_the_predictions_as_loss(
    report: Mapping[str, Any], demo: Demo, flavour: Flavour
) -> None:
    found = findings(report, "D3/5_own_train_step/train")
    assert serious(found) == ({"LR107"} if flavour.name == "keras3" else set())
    shown, accuracy = map(float, cells(demo.printed, "5_own_train_step")[:2])
    same, _ = map(float, cells(demo.printed, "3_fit_own_loss")[:2])
    assert accuracy > 0.9
    if flavour.name == "keras3":
        # the outputs stand for ten classes, one of which is 1: their mean is a tenth
        assert shown == pytest.approx(0.1, abs=0.01)
    else:
        assert shown == pytest.approx(same, rel=0.02)


def test_accuracy_is_named_as_what_it_became(report: Mapping[str, Any]) -> None:
    found = facts(report, "D3/2_fit_mse/train")["LR108"]
    assert "CategoricalAccuracy" in found["message"]


def test_no_rule_crashed(report: Mapping[str, Any]) -> None:
    outcomes = [outcome for entry in report["runs"] for outcome in entry["outcomes"]]
    assert [outcome for outcome in outcomes if outcome["status"] == "crashed"] == []


def test_the_curves_stand_beside_the_records(report: Mapping[str, Any]) -> None:
    folders = {Path(entry["run"]).parts[0] for entry in report["runs"]}
    assert folders == set(SCENARIOS)
    assert all(entry["notes"] == [] for entry in report["runs"])

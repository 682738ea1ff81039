"""D2, D4 and D5 of the demo, on both flavours: what each program must show, and what not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.conftest import Flavour
from tests.demo.conftest import Demo, cells, findings, serious, status

SCENARIOS = ("D2", "D4", "D5")

# The first test waits for all of them.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


EVALUATIONS = ("validation in fit", "saved and loaded", "forced to inference", "forced to training")


def evaluations(demo: Demo, program: int) -> list[float]:
    """The column of a program, from 0, in the table of four evaluations."""
    return [float(cells(demo.printed, row)[program]) for row in EVALUATIONS]


def test_head_that_learned_on_batch_statistics_knows_no_others(
    report: Mapping[str, Any], demo: Demo
) -> None:
    in_fit, loaded, inference, training = evaluations(demo, 0)
    assert in_fit == loaded == inference < 0.4
    assert training > 0.9
    found = findings(report, "D2/1_base_in_training_mode/train")
    assert serious(found) == {"BN202"}
    assert len(found["BN202"]["layers"]) == 2
    # the layers do not follow their batches yet: BN202 has them, and BN208 has nothing to add
    assert status(report, "D2/1_base_in_training_mode/train", "BN208") == "not_checked"


def test_recalibration_heals_the_head(demo: Demo) -> None:
    first, _, third = cells(demo.printed, "recalibrated")
    assert float(first) > 0.9
    assert float(third) == pytest.approx(evaluations(demo, 2)[0], abs=0.02)


def test_frozen_base_is_the_same_in_every_mode(report: Mapping[str, Any], demo: Demo) -> None:
    in_fit, loaded, inference, training = evaluations(demo, 1)
    assert in_fit == loaded == inference == training > 0.8
    assert findings(report, "D2/2_base_frozen/train") == {}


def test_base_in_training_mode_does_no_harm_where_the_data_are_alike(
    report: Mapping[str, Any], demo: Demo
) -> None:
    in_fit, loaded, inference, training = evaluations(demo, 2)
    assert in_fit == loaded == inference == pytest.approx(training, abs=0.02)
    assert serious(findings(report, "D2/3_cameras_alike/train")) == set()


def test_training_false_of_the_graph_is_overridden_by_keras_3_alone(
    report: Mapping[str, Any], flavour: Flavour
) -> None:
    found = findings(report, "D2/4_training_false/train")
    if flavour.name == "keras3":
        assert len(found["BN103"]["layers"]) == 2
        assert serious(found) == {"BN103"}
    else:
        assert serious(found) == set()


def test_frozen_layers_keep_their_statistics(report: Mapping[str, Any], demo: Demo) -> None:
    assert serious(findings(report, "D2/5_batch_norm_frozen/train")) == set()
    assert cells(demo.printed, "5_batch_norm_frozen")[-1] == "0.0000"


def test_overridden_layers_lose_the_statistics_they_were_to_keep(
    demo: Demo, flavour: Flavour
) -> None:
    moved = float(cells(demo.printed, "4_training_false")[-1])
    assert (moved > 0.1) == (flavour.name == "keras3")


def test_saving_and_loading_changes_nothing(demo: Demo) -> None:
    in_fit, loaded, inference, _, _ = cells(demo.printed, "4_training_false")
    assert in_fit == loaded == inference


def test_twins_learn_the_same(report: Mapping[str, Any], demo: Demo) -> None:
    assert cells(demo.printed, "1_sequential") == cells(demo.printed, "2_functional")
    assert serious(findings(report, "D4/1_sequential/train")) == set()
    assert serious(findings(report, "D4/2_functional/train")) == set()


def test_twins_ran_in_the_same_modes(report: Mapping[str, Any]) -> None:
    (compared,) = (
        outcome
        for outcome in report["comparisons"]
        if outcome["code"] == "CR102"
        and outcome["runs"] == ["D4/1_sequential/train", "D4/2_functional/train"]
    )
    assert compared["status"] == "ok"


def test_trainable_switched_after_compile_is_stale(report: Mapping[str, Any], demo: Demo) -> None:
    found = findings(report, "D4/3_switched_after_compile/train")
    assert len(found["BN105"]["layers"]) == 1
    assert serious(found) == {"BN105"}
    trainable, kernel, mean = cells(demo.printed, "3_switched_after_compile")
    assert trainable == "False"  # the switch went down to the layer, and had no effect
    assert float(kernel) > 0 < float(mean)


def test_compiled_again_nothing_moves(report: Mapping[str, Any], demo: Demo) -> None:
    assert serious(findings(report, "D4/4_compiled_again/train")) == set()
    assert cells(demo.printed, "4_compiled_again") == ["False", "0.000000", "0.000000"]


def test_regularizer_that_a_loop_forgets(report: Mapping[str, Any]) -> None:
    assert serious(findings(report, "D4/5_loop_without_losses")) == {"LR106"}
    assert serious(findings(report, "D4/6_loop_with_losses")) == set()


@pytest.mark.parametrize("row", [*(f"training, step {step}" for step in range(1, 5)), "inference"])
def test_keras_computes_what_the_equations_say(demo: Demo, row: str) -> None:
    mean, variance, output, output_without_root = map(float, cells(demo.printed, row))
    # float32 against float64: the outputs reach 8, where float32 rounds at 5e-7
    assert max(mean, variance, output) < 2e-6
    assert output_without_root > 0.1


def test_evaluation_without_the_argument_changes_the_model(report: Mapping[str, Any]) -> None:
    found = findings(report, "D5/1_evaluated_without_argument")
    assert len(found["BN104"]["layers"]) == 3
    assert serious(found) == {"BN104"}
    assert found["BN104"]["severity"] == "error"


def test_evaluation_in_training_mode_depends_on_the_batch(demo: Demo) -> None:
    for epoch in range(1, 5):
        row = cells(demo.printed, f"epoch {epoch}", after="1_evaluated_without_argument")
        _, accuracy, in_fours, _, moved = map(float, row)
        assert in_fours < accuracy
        assert moved > 0


def test_evaluation_with_the_argument_is_right(report: Mapping[str, Any], demo: Demo) -> None:
    assert serious(findings(report, "D5/2_training_false")) == set()
    for epoch in range(1, 5):
        row = cells(demo.printed, f"epoch {epoch}", after="2_training_false")
        _, accuracy, in_fours, saved, moved = row
        assert accuracy == in_fours == saved
        assert float(moved) == 0


def test_dropped_convolution_gets_no_gradient(report: Mapping[str, Any], demo: Demo) -> None:
    found = findings(report, "D5/3_dropped_convolution/train")
    assert found["BN111"]["severity"] == "info"
    assert "dropped_conv_block" in found["BN111"]["message"]
    assert "1 of " in found["BN111"]["message"]
    assert serious(found) == set()
    row = cells(demo.printed, "epoch 4", after="3_dropped_convolution")
    assert [float(moved) > 0 for moved in row[1:]] == [True, False, True]


def test_no_rule_crashed(report: Mapping[str, Any]) -> None:
    outcomes = [outcome for entry in report["runs"] for outcome in entry["outcomes"]]
    assert [out for out in (*outcomes, *report["comparisons"]) if out["status"] == "crashed"] == []

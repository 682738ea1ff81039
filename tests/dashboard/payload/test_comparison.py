from __future__ import annotations

from dataclasses import replace

import pytest

from tb_bnplugin.dashboard.payload.comparison import Side, comparison
from tb_bnplugin.dashboard.payload.values import Json
from tb_bnplugin.diagnose import diagnose
from tb_bnplugin.history.model import ModelHistory
from tests.dashboard.validate import validate
from tests.support.histories import LAYER, create_history, inference_columns


def named(history: ModelHistory, *paths: str) -> ModelHistory:
    layers = tuple(replace(LAYER, path=path) for path in paths)
    return replace(history, facts=replace(history.facts, layers=layers))


def differences(here: ModelHistory, there: ModelHistory) -> Json:
    sides = (Side(model=model, outcomes=diagnose(model)) for model in (here, there))
    answer = comparison(*sides)
    validate(answer, "Comparison")
    found: Json = answer["differences"]
    return found


STUCK = create_history(
    run="here",
    layers=2,
    columns={**inference_columns(), "moving_mean": 0.0, "moving_variance": 1.0},
)
HEALTHY = create_history(run="there", layers=2)


def test_a_run_does_not_differ_from_itself() -> None:
    assert differences(HEALTHY, HEALTHY) == {
        "modes": "All layers ran in the same modes in both runs.",
        "layers_only_here": [],
        "layers_only_there": [],
        "findings_only_here": [],
        "findings_only_there": [],
    }


def test_the_rule_decides_which_modes_differ() -> None:
    here, there = named(STUCK, "a", "b"), named(HEALTHY, "a", "b")
    answer = comparison(*(Side(model=model, outcomes=()) for model in (here, there)))
    (rule,) = (entry for entry in answer["outcomes"] if entry["code"] == "CR102")
    assert answer["differences"]["modes"] == rule["message"]
    assert rule["layers"] == ["a", "b"]


def test_findings_of_one_run_only_are_named() -> None:
    assert differences(STUCK, HEALTHY)["findings_only_here"][0] == "BN101"
    assert differences(HEALTHY, STUCK)["findings_only_there"][0] == "BN101"


def test_expected_findings_are_no_difference() -> None:
    meant = replace(STUCK, facts=replace(STUCK.facts, expect=("BN101",)))
    assert "BN101" not in differences(meant, HEALTHY)["findings_only_here"]


@pytest.mark.parametrize(
    ("ours", "theirs", "only"),
    [
        (("a", "b"), ("a", "c"), (["b"], ["c"])),
        (("a", "b"), ("c", "d"), ([], [])),  # paired in their order
    ],
)
def test_layers_of_one_run_only_are_named(
    ours: tuple[str, ...], theirs: tuple[str, ...], only: tuple[list[str], list[str]]
) -> None:
    found = differences(named(HEALTHY, *ours), named(HEALTHY, *theirs))
    assert (found["layers_only_here"], found["layers_only_there"]) == only


def test_modes_that_nobody_could_compare_are_told() -> None:
    found = differences(create_history(layers=0), HEALTHY)
    assert found["modes"].startswith("The modes of the layers were not compared: Run ")
    assert len(found["layers_only_there"]) == 2

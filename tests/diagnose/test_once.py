"""What is wrong with a layer that several models of a run hold is told in the first of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tb_bnplugin.diagnose import Outcome, diagnose_run
from tb_bnplugin.history.model import ModelHistory, RunHistory
from tests.support.histories import FIFTY_STEPS, create_history

STEPS = np.array(FIFTY_STEPS, float)
TWICE = {"training_tape": 2 * STEPS, "start_updates": 1.0}


def model(name: str, first_in: tuple[str, ...], **changed: Any) -> ModelHistory:
    """A model, and where each of its layers was recorded first ("" for here)."""
    history = create_history(layers=len(first_in), facts={"name": name}, **changed)
    layers = tuple(
        replace(layer, sharing=replace(layer.sharing, first_in=first))
        for layer, first in zip(history.facts.layers, first_in, strict=True)
    )
    return replace(history, facts=replace(history.facts, layers=layers))


def of_code(code: str, *models: ModelHistory) -> list[Outcome]:
    outcomes = diagnose_run(RunHistory(run="train", models=models))
    return [outcome for outcome in outcomes if outcome.code == code]


CRITIC = model("critic", ("", ""), columns=TWICE)


def test_a_layer_is_told_in_the_model_that_was_recorded_first() -> None:
    stacked = model("gan", ("critic/bn_0", "", "critic/bn_1"), columns=TWICE)
    first, second = of_code("BN108", CRITIC, stacked)
    assert first.layers == ("bn_0", "bn_1")
    assert second.layers == ("bn_1",)
    assert second.message.startswith("The batch normalization layer")


def test_where_all_are_told_before_the_rule_says_where() -> None:
    _, second = of_code("BN108", CRITIC, model("gan", ("critic/bn_0",), columns=TWICE))
    assert (second.status, second.model) == ("not_checked", "gan")
    assert "critic" in str(second.reason)


def test_what_was_not_found_in_the_first_is_told_in_the_second() -> None:
    healthy = model("critic", ("",))
    _, second = of_code("BN108", healthy, model("gan", ("critic/bn_0",), columns=TWICE))
    assert second.status == "finding"


def test_a_worse_finding_is_told_again() -> None:
    dominated = {"start_updates": 400.0}
    before = model("critic", ("",), columns=dominated)
    validated = model(
        "gan",
        ("critic/bn_0",),
        columns=dominated,
        model={"evaluations": (STEPS > 20).astype(float)},
    )
    first, second = of_code("BN201", before, validated)
    assert (first.severity, second.severity) == ("info", "warning")


def test_other_rules_speak_of_every_model() -> None:
    frozen = {"training_tape": 0.0, "inference_tape": STEPS, "statistics_changes": 0.0}
    stacked = model("gan", ("critic/bn_0",), columns=frozen)
    found = of_code("BN101", model("critic", ("",), columns=frozen), stacked)
    assert [outcome.status for outcome in found] == ["finding", "finding"]

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from tb_bnplugin.diagnose import Outcome, compare, diagnose, diagnose_run
from tb_bnplugin.diagnose.needs import (
    LAYERS,
    LOSSES,
    METRICS,
    PROBE,
    RECORDS,
    TWO_RECORDS,
    Need,
)
from tb_bnplugin.diagnose.rule import ComparisonModule, Rule, RuleModule
from tb_bnplugin.history.model import ModelHistory, RunHistory
from tb_bnplugin.schema.columns import LOSS_COLUMNS
from tests.support.histories import (
    FIFTY_STEPS,
    METRIC,
    create_history,
    create_loss,
    create_probe,
    inference_columns,
)

RULE = Rule(code="XX101", name="always", severity="warning")


def rule(check: Any, *needs: Need) -> RuleModule:
    identity = replace(RULE, needs=needs)
    return cast("RuleModule", SimpleNamespace(RULE=identity, check=check, __doc__=""))


def find(history: ModelHistory) -> Outcome:
    return RULE.finding(message="found", fix="mend", evidence={"layers": 1})


def crash(history: ModelHistory) -> Outcome:
    raise ZeroDivisionError("by nothing")


@pytest.mark.parametrize(
    ("need", "lacking", "words"),
    [
        (LAYERS, create_history(layers=0), "no batch normalization layer"),
        (RECORDS, create_history(layers=0), "no batch normalization layer"),
        (RECORDS, create_history(steps=[]), "No step has been recorded yet"),
        (TWO_RECORDS, create_history(steps=[]), "No step has been recorded yet"),
        (TWO_RECORDS, create_history(steps=[1]), "Needs two records; there is one."),
        (LOSSES, create_history(), "No loss was measured"),
        (METRICS, create_history(), "No metric is compiled"),
        (PROBE, create_history(), "No probe was recorded"),
    ],
)
def test_a_rule_is_not_asked_without_what_it_needs(
    need: Need, lacking: ModelHistory, words: str
) -> None:
    (outcome,) = diagnose(lacking, rules=[rule(crash, need)])
    assert outcome.status == "not_checked"
    assert words in str(outcome.reason)


def test_a_rule_is_asked_with_what_it_needs() -> None:
    history = create_history(
        steps=[1, 2],
        losses=[create_loss()],
        probe=create_probe(0.1, 0.1, steps=(1, 2)),
        facts={"metrics": (METRIC,)},
    )
    needs = (LAYERS, RECORDS, TWO_RECORDS, LOSSES, METRICS, PROBE)
    (outcome,) = diagnose(history, rules=[rule(find, *needs)])
    assert outcome.status == "finding"


def test_a_comparison_names_the_run_that_lacks_what_it_needs() -> None:
    module = cast("ComparisonModule", rule(crash, LOSSES))
    measured = create_history(run="a", losses=[create_loss()])
    (outcome,) = compare(measured, create_history(run="b"), rules=[module])
    assert (outcome.status, outcome.runs) == ("not_checked", ("a", "b"))
    assert str(outcome.reason).startswith("Run 'b': No loss was measured.")


def test_a_rule_may_give_its_outcomes_one_by_one() -> None:
    def check(history: ModelHistory) -> Iterator[Outcome]:
        yield RULE.ok("this one is well")
        yield find(history)
        yield RULE.not_checked("unknown")
        yield find(history)

    outcomes = diagnose(create_history(), rules=[rule(check)])
    assert [outcome.status for outcome in outcomes] == ["finding", "not_checked"]


def test_a_rule_that_raises_midway_has_crashed() -> None:
    def check(history: ModelHistory) -> Iterator[Outcome]:
        yield find(history)
        yield crash(history)

    (outcome,) = diagnose(create_history(), rules=[rule(check)])
    assert outcome.status == "crashed"


def test_a_finding_of_layers_says_which_and_since_when() -> None:
    first = np.array([np.nan, 7.0, 5.0])
    history = create_history(columns={"training_first_step": np.tile(first, (50, 1))})
    wrong = np.array([False, True, True])
    outcome = RULE.layer_finding(
        history, wrong, "ran.", fix="mend", evidence={"worst": 2}, since="training_first_step"
    )
    assert outcome.message == "2 of 3 batch normalization layers ran."
    assert dict(outcome.evidence) == {"layers": 2, "layers_in_model": 3, "worst": 2}
    assert (outcome.layers, outcome.steps) == (("bn_1", "bn_2"), (5, 50))


def test_a_rule_that_raises_is_reported_and_the_others_run() -> None:
    crashed, found = diagnose(create_history(), rules=[rule(crash), rule(find)])
    assert (crashed.status, crashed.reason) == ("crashed", "ZeroDivisionError: by nothing")
    assert found.status == "finding"


def test_a_comparison_that_raises_is_reported() -> None:
    def crash_on_two(history: ModelHistory, other: ModelHistory) -> Outcome:
        raise KeyError("loss")

    module = cast("ComparisonModule", SimpleNamespace(RULE=RULE, check=crash_on_two))
    (outcome,) = compare(create_history(run="a"), create_history(run="b"), rules=[module])
    assert (outcome.status, outcome.runs) == ("crashed", ("a", "b"))


def test_outcomes_name_their_model() -> None:
    (outcome,) = diagnose(create_history(facts={"name": "critic"}), rules=[rule(find)])
    assert outcome.model == "critic"


def test_what_was_declared_is_expected() -> None:
    history = create_history(facts={"expect": ("XX101",)})
    (outcome,) = diagnose(history, rules=[rule(find)])
    assert outcome.expected


def test_only_findings_are_expected() -> None:
    history = create_history(facts={"expect": ("XX101",)})
    (outcome,) = diagnose(history, rules=[rule(lambda _: RULE.not_checked("no record"))])
    assert not outcome.expected


def test_all_models_of_a_run_are_judged() -> None:
    models = tuple(create_history(facts={"name": name}) for name in ("generator", "critic"))
    outcomes = diagnose_run(RunHistory(run="train", models=models))
    assert {outcome.model for outcome in outcomes} == {"generator", "critic"}


def test_the_reason_names_the_model_where_a_run_has_several() -> None:
    models = tuple(create_history(facts={"name": name}) for name in ("generator", "critic"))
    reasons = {
        outcome.reason
        for outcome in diagnose_run(RunHistory(run="train", models=models))
        if outcome.code == "BN109"
    }
    alone = [
        o for o in diagnose_run(RunHistory(run="train", models=models[:1])) if o.code == "BN109"
    ]
    assert reasons == {f"Model {name!r}: {alone[0].reason}" for name in ("generator", "critic")}


def test_a_healthy_training_has_no_error_and_no_warning() -> None:
    history = create_history(losses=[create_loss()], model={"evaluations": np.ones(50)})
    findings = [outcome for outcome in diagnose(history) if outcome.status == "finding"]
    assert findings == []


def test_no_rule_crashes_without_columns() -> None:
    history = create_history()
    bare = ModelHistory(
        run="train",
        facts=history.facts,
        calls=(),
        steps=history.steps,
        wall_times=history.wall_times,
        model_columns={},
        layer_columns={},
    )
    assert {outcome.status for outcome in diagnose(bare)} <= {"ok", "not_checked"}


@pytest.mark.parametrize("layers", [0, 1])
@pytest.mark.parametrize("steps", [[], [1], [1, 2]])
def test_no_rule_crashes_on_small_histories(layers: int, steps: list[int]) -> None:
    history = create_history(steps=steps, layers=layers, losses=[create_loss(steps=steps)])
    assert "crashed" not in {outcome.status for outcome in diagnose(history)}
    assert "crashed" not in {outcome.status for outcome in compare(history, history)}


def test_rules_leave_the_history_as_it_was() -> None:
    history = create_history(columns=inference_columns(), losses=[create_loss(measured=5.0)])
    before = {name: column.copy() for name, column in history.layer_columns.items()}
    diagnose(history)
    for name, column in before.items():
        np.testing.assert_array_equal(column, history.layer_columns[name])


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e308, -1.0])
def test_no_rule_crashes_on_odd_numbers(value: float) -> None:
    names = create_history().layer_columns
    model = create_history().model_columns
    history = create_history(
        columns=dict.fromkeys(names, value),
        model=dict.fromkeys(model, value) | {"process_started": 1.0},
        losses=[create_loss(columns=dict.fromkeys(LOSS_COLUMNS, value))],
    )
    assert "crashed" not in {outcome.status for outcome in diagnose(history)}


def test_one_fault_is_told_once() -> None:
    columns = {
        "training_tape": 0.0,
        "inference_tape": FIFTY_STEPS,
        "statistics_changes": 0.0,
        "training_first_step": np.nan,
        "inference_first_step": 1.0,
    }
    facts = {"subclassed": True, "call_accepts_training": False}
    outcomes = {o.code: o for o in diagnose(create_history(columns=columns, facts=facts))}
    assert outcomes["BN106"].status == "finding"
    assert outcomes["BN101"].status == "not_checked"
    assert outcomes["BN101"].reason == "BN106 model-ignores-training explains it."


def test_a_loss_without_a_model_is_judged_by_the_rules_of_losses_alone() -> None:
    outcomes = diagnose(create_history(facts={"model_class": "", "layers": ()}))
    assert {outcome.code[:2] for outcome in outcomes} == {"LR"}


def test_a_vector_that_is_summed_is_told_once_for_each_loss() -> None:
    summed: dict[str, Any] = {"measured": 16.0, "doubled": 32.0}
    vector: dict[str, Any] = {**summed, "elements": 32.0, "value_given": 16.0}
    losses = [create_loss("entropy", **vector), create_loss("penalty", **summed)]
    outcomes = diagnose(create_history(losses=losses, facts={"optimizer": "SGD"}))
    assert [out.evidence["loss"] for out in outcomes if is_found(out, "LR103")] == ["entropy"]
    assert [out.evidence["loss"] for out in outcomes if is_found(out, "LR101")] == ["penalty"]
    reasons = [out.reason for out in outcomes if out.code == "LR101"]
    assert "LR103 vector-loss explains it." in reasons


def is_found(outcome: Outcome, code: str) -> bool:
    return outcome.code == code and outcome.status == "finding"

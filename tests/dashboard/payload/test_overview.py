from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tb_bnplugin.dashboard.payload.overview import Row, create_row, overview, stamp
from tb_bnplugin.dashboard.payload.runs import runs
from tb_bnplugin.diagnose import Outcome, diagnose
from tb_bnplugin.history.model import ModelHistory, RunHistory
from tb_bnplugin.logs.provider import RunListing
from tb_bnplugin.schema.records import Metadata
from tests.dashboard.validate import validate
from tests.support.histories import create_history, inference_columns

LISTING = RunListing(
    run="train", tags={"t": Metadata(kind="model", model="m")}, notes=(), newest=(50, 1050.0)
)


def row_of(*models: ModelHistory, outcomes: list[Outcome] | None = None, notes: int = 0) -> Row:
    """The row of a run that holds these models."""
    run = RunHistory(run="train", models=models, notes=tuple(f"note {at}" for at in range(notes)))
    found = {
        model.facts.name: tuple(diagnose(model) if outcomes is None else outcomes)
        for model in models
    }
    return create_row(LISTING, run, found, None)


def answer(row: Row) -> dict[str, Any]:
    """The row as the page gets it."""
    whole = json.loads(overview([row], left=0))
    validate(whole, "Overview")
    only: dict[str, Any] = whole["rows"][0]
    return only


def finding(code: str, **given: Any) -> Outcome:
    """A finding of a rule."""
    values = {"name": "n", "status": "finding", "severity": "error", "model": "model", **given}
    return Outcome(code=code, **values)


def test_counts_are_of_unexpected_findings() -> None:
    row = row_of(
        create_history(), outcomes=[finding("BN1", expected=True), finding("BN1", message="m")]
    )
    listed = runs([(LISTING, row.counts), (LISTING, None)])
    validate(listed, "Runs")
    assert [entry["errors"] for entry in listed["runs"]] == [1, None]
    assert (answer(row)["errors"], answer(row)["expected"]) == (1, 1)


def test_findings_of_one_rule_are_one_entry_and_the_worst_comes_first() -> None:
    row = answer(
        row_of(
            create_history(),
            outcomes=[
                finding("BN2", severity="info"),
                finding("BN3", severity="warning", layers=("a",)),
                finding("BN1", layers=("a", "b"), message="first"),
                finding("BN1", layers=("c",), message="second"),
                finding("BN4", status="ok"),
                finding("BN5", status="not_checked", reason="no record"),
            ],
        )
    )
    found = [(one["code"], one["count"], one["layers"]) for one in row["findings"]]
    assert found == [("BN1", 2, 3), ("BN3", 1, 1), ("BN2", 1, 0)]
    assert row["findings"][0]["message"] == "first"
    assert (row["worst"], row["passed"], row["not_checked"]) == ("error", 1, 1)


def test_finding_of_another_model_than_the_first_names_it() -> None:
    first = create_history(facts={"name": "generator"})
    second = create_history(facts={"name": "critic"}, columns=inference_columns())
    row = answer(row_of(first, second))
    assert {one["code"]: one["model"] for one in row["findings"]}["BN101"] == "critic"
    assert row["layers"] == 6


def test_row_is_small_whatever_a_log_holds() -> None:
    endless = "n" * 100_000
    outcomes = [
        finding("BN1", model=endless, message=endless, layers=(endless,) * 1000) for _ in range(100)
    ]
    facts = {"name": endless}
    row = row_of(create_history(facts=facts), outcomes=outcomes, notes=1000)
    assert len(row.encoded) < 3000
    assert answer(row)["findings"][0]["model"] is None
    assert answer(row)["notes"][-1] == "and 997 more"


def test_run_without_a_model_has_a_row() -> None:
    row = answer(row_of(notes=1))
    assert (row["worst"], row["layers"], row["steps"], row["curve"]) == (None, 0, None, None)
    assert row["notes"] == ["note 0"]


def test_stamp_changes_with_each_record() -> None:
    grown = replace(LISTING, newest=(51, 1050.0))
    later = replace(LISTING, newest=(50, 1051.0))
    assert len({stamp(LISTING), stamp(grown), stamp(later)}) == 3

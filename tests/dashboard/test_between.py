from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tb_bnplugin import check
from tb_bnplugin.dashboard import between
from tb_bnplugin.dashboard.between import Between, Pair, Side, compare_runs
from tb_bnplugin.dashboard.payload.between import comparisons
from tb_bnplugin.diagnose import Outcome, diagnose
from tb_bnplugin.history.model import ModelHistory, RunHistory
from tb_bnplugin.logs.folder import LogFolder
from tb_bnplugin.logs.provider import RunListing
from tb_bnplugin.logs.run import read_run
from tb_bnplugin.schema.records import Metadata
from tests.dashboard.validate import validate
from tests.dashboard.write_log import write_history
from tests.support.histories import create_history, create_loss


def model_of(run: str, times: float = 1.0, name: str = "model", **facts: Any) -> ModelHistory:
    """A run of SGD whose loss is so many times Keras' mean."""
    loss = create_loss(measured=0.5 * times, learning_rate=0.01)
    return create_history(
        run=run,
        losses=(loss,),
        model={"learning_rate": 0.01},
        facts={"optimizer": "SGD", "name": name, **facts},
    )


def listing_of(run: str, step: int = 1) -> RunListing:
    tags = {"t": Metadata(kind="model", model="model")}
    return RunListing(run=run, tags=tags, notes=(), newest=(step, 1.0))


def held(models: Mapping[str, ModelHistory]) -> tuple[Between, dict[str, RunListing]]:
    """The runs as they are kept when their rows are made."""
    kept = Between()
    listings = {run: listing_of(run) for run in models}
    for run, model in models.items():
        keep(kept, listings[run], RunHistory(run=run, models=(model,)))
    return kept, listings


def keep(kept: Between, listing: RunListing, history: RunHistory) -> None:
    """Keep a run as its row does."""
    outcomes = {model.facts.name: diagnose(model) for model in history.models}
    kept.keep(("", history.run), listing, history, outcomes)


def side_of(history: RunHistory) -> Side:
    return Side(history=history, found={})


def answer(pairs: list[Pair], left: int = 0) -> dict[str, Any]:
    made = comparisons(pairs, left=left)
    validate(made, "Comparisons")
    return made


def test_what_is_found_between_runs_is_what_check_finds(tmp_path: Path) -> None:
    for run, times in (("a/batch_norm", 1.0), ("b", 10.0), ("c/train", 1.0), ("sub/d", 2.0)):
        write_history(tmp_path, model_of(run, times))
    write_history(tmp_path, model_of("sub/e", 4.0))
    folder, kept = LogFolder(tmp_path), Between()
    listings = folder.list_runs()
    for listing in listings.values():
        keep(kept, listing, read_run(folder, listing))
    pairs, left = kept.compared("", listings)
    assert tuple(one for pair in pairs for one in pair.outcomes) == check(tmp_path).comparisons
    assert left == 0
    found = [
        (group["code"], group["against"], [one["run"] for one in group["runs"]])
        for group in answer(pairs)["found"]
    ]
    assert found == [("CR101", "a/batch_norm", ["b"]), ("CR101", "sub/d", ["sub/e"])]


def test_many_runs_against_one_are_one_entry_and_some_are_named() -> None:
    models = {f"run_{at:03d}": model_of(f"run_{at:03d}", 2.0 if at else 1.0) for at in range(80)}
    kept, listings = held(models)
    pairs, left = kept.compared("", listings)
    while left:
        pairs, left = kept.compared("", listings)
    made = answer(pairs)
    (group,) = made["found"]
    assert (made["pairs"], group["count"], len(group["runs"])) == (79, 79, 50)
    assert group["against"] == "run_000"
    assert "2 times that mean" in group["runs"][0]["message"]


def test_nothing_found_still_says_how_many_were_compared() -> None:
    made = answer(held({"a": model_of("a"), "b": model_of("b")})[0].compared("", {})[0])
    assert (made["pairs"], made["found"]) == (0, [])
    kept, listings = held({"a": model_of("a"), "b": model_of("b")})
    assert answer(kept.compared("", listings)[0])["pairs"] == 1


def test_runs_that_are_gone_or_not_read_are_not_compared() -> None:
    kept, listings = held({"a": model_of("a"), "b": model_of("b", 2.0)})
    assert len(kept.compared("", {**listings, "c": listing_of("c")})[0]) == 1
    assert kept.compared("", {"a": listings["a"]}) == ([], 0)
    assert kept.compared("another experiment", listings) == ([], 0)


def test_a_pair_is_compared_again_only_where_a_run_was_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[str] = []

    def count(reference: Side, run: Side) -> Pair:
        compared.append(run.history.run)
        return compare_runs(reference, run)

    monkeypatch.setattr(between, "compare_runs", count)
    kept, listings = held({run: model_of(run) for run in "abc"})
    kept.compared("", listings)
    kept.compared("", listings)
    assert compared == ["b", "c"]
    grown = RunHistory(run="c", models=(model_of("c", 2.0),))
    keep(kept, listing_of("c", 2), grown)
    assert answer(kept.compared("", listings)[0])["found"][0]["runs"][0]["run"] == "c"
    assert compared == ["b", "c", "c"]
    keep(kept, listing_of("a", 2), RunHistory(run="a", models=(model_of("a"),)))
    kept.compared("", listings)
    assert compared == ["b", "c", "c", "b", "c"]


def test_an_answer_takes_a_bounded_time_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(between, "SECONDS", 0.0)
    kept, listings = held({run: model_of(run) for run in "abcd"})
    assert [kept.compared("", listings)[1] for _ in range(4)] == [2, 1, 0, 0]


def test_what_a_run_expects_is_not_told() -> None:
    kept, listings = held({"a": model_of("a"), "b": model_of("b", 2.0, expect=("CR101",))})
    assert answer(kept.compared("", listings)[0])["found"] == []


def test_a_model_that_is_not_the_first_is_named() -> None:
    first = RunHistory(run="a", models=(model_of("a", name="critic"), model_of("a", name="own")))
    second = RunHistory(run="b", models=(model_of("b", 2.0, name="own"),))
    (run,) = answer([compare_runs(side_of(first), side_of(second))])["found"][0]["runs"]
    assert run["model"] == "own"
    swapped = replace(first, models=first.models[::-1])
    (run,) = answer([compare_runs(side_of(swapped), side_of(second))])["found"][0]["runs"]
    assert run["model"] is None


def test_the_worst_comes_first_and_names_without_end_are_counted_only() -> None:
    def pair(code: str, severity: Any, run: str) -> Pair:
        one = Outcome(
            code=code,
            name="n",
            status="finding",
            severity=severity,
            model="m",
            runs=("a", run),
            message="m" * 100_000,
        )
        return Pair(outcomes=(one,), is_first=True)

    endless = "n" * 100_000
    made = answer([pair("CR102", "info", "b"), pair("CR101", "warning", endless)])
    assert [group["code"] for group in made["found"]] == ["CR101", "CR102"]
    assert (made["found"][0]["count"], made["found"][0]["runs"]) == (1, [])
    assert len(str(made)) < 2000


def test_comparing_is_cheap() -> None:
    kept, listings = held({f"{at:03d}": model_of(f"{at:03d}", 2.0) for at in range(200)})
    begin = time.perf_counter()
    left = 1
    while left:
        _, left = kept.compared("", listings)
    first = time.perf_counter() - begin
    begin = time.perf_counter()
    kept.compared("", listings)
    assert time.perf_counter() - begin < first  # nothing is compared twice

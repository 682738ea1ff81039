"""A log cannot break the page, nor one run the others, under either loader of TensorBoard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.hostile_logs import ODD, RUNS, WELL, write_hostile
from tests.dashboard.server import Server, serve
from tests.dashboard.validate import validate

ROUTES: dict[str, list[dict[str, str | int]]] = {
    "overview": [{}],
    "report": [{}],
    "column": [{"name": "mean_gap"}, {"name": "moving_variance"}],
    "layer": [{"layer": 0}, {"layer": 2}],
    "scalars": [{}],
    "comparison": [{"other": WELL}, {"other": "times"}],
    "download": [
        {"what": what, "format": form, "layer": 1}
        for what in ("findings", "layer")
        for form in ("json", "csv")
    ],
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("hostile")
    write_hostile(folder)
    return folder


@pytest.fixture(scope="module", params=["--load_fast=true", "--load_fast=false"])
def hostile_server(request: pytest.FixtureRequest, hostile: Path) -> Iterator[Server]:
    with serve(hostile, request.param, tensorflow=False) as started:
        started.wait_for_log(hostile, scalars=False, but="times")
        yield started


@pytest.mark.parametrize("run", [*RUNS, WELL])
def test_every_route_answers(hostile_server: Server, run: str) -> None:
    for route, variants in ROUTES.items():
        for arguments in variants:
            answer = hostile_server.route(route, run=run, **arguments)
            assert answer.status == 200, (route, arguments, answer.body[:300])
            if route != "download":
                validate(answer.json(), route.capitalize())


@pytest.mark.parametrize("run", [*RUNS, WELL])
def test_what_is_well_in_a_run_is_shown(hostile_server: Server, run: str) -> None:
    report = hostile_server.route("report", run=run).json()
    assert report["steps"]
    if run != "times":
        assert report["steps"][-1] == 50
    assert [layer["channels"] for layer in report["layers"]] in ([8] * 3, [None] * 3)
    assert "crashed" not in {outcome["status"] for outcome in report["outcomes"]}


def test_all_runs_are_listed_and_counted(hostile_server: Server) -> None:
    answer = hostile_server.route("runs").json()
    validate(answer, "Runs")
    assert {run["run"] for run in answer["runs"]} == {*RUNS, WELL}
    assert all(run["errors"] is not None for run in answer["runs"])


def test_row_of_a_run_says_what_its_report_says(hostile_server: Server) -> None:
    for run in (*RUNS, WELL):
        (row,) = hostile_server.route("overview", run=run).json()["rows"]
        report = hostile_server.route("report", run=run).json()
        found = [one for one in report["outcomes"] if one["status"] == "finding"]
        assert sum(one["count"] for one in row["findings"]) == len(found)
        assert row["crashed"] == 0
        assert len(row["notes"]) <= 4
        assert "cannot be read now" not in "".join(row["notes"])


def test_one_damaged_record_leaves_the_others_of_its_tag(hostile_server: Server) -> None:
    report = hostile_server.route("report", run="half").json()
    assert report["steps"] == [*range(1, 51)]
    assert "skipped 1: records of batch_norm/model/layers" in report["notes"][0]


def test_scalars_that_are_none_leave_the_others(hostile_server: Server) -> None:
    series = hostile_server.route("scalars", run="scalars").json()["series"]
    assert {entry["tag"]: entry["points"] for entry in series}["well"] == [[1.0, 1.0]]


def test_names_are_cut_and_whole_in_front(hostile_server: Server) -> None:
    layers = hostile_server.route("report", run="names").json()["layers"]
    assert {layer["path"] for layer in layers} == {ODD[:10_000]}


def test_nothing_was_printed_of_it(hostile_server: Server) -> None:
    printed = hostile_server.log.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in printed
    assert "Warning" not in printed

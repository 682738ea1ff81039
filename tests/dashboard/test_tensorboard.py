from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from tb_bnplugin.logs.check import check
from tests.dashboard.logs import HOSTILE_NAMES, RUNS
from tests.dashboard.server import Server, serve
from tests.dashboard.validate import validate


def test_tab_is_listed_as_active(server: Server) -> None:
    listing = server.ask("/data/plugins_listing").json()
    assert listing["batch_norm"]["enabled"]
    assert listing["batch_norm"]["tab_name"] == "Batch Norm"
    assert listing["batch_norm"]["loading_mechanism"]["module_path"].endswith("/index.js")


def test_runs_are_listed_in_order(server: Server) -> None:
    answer = server.route("runs").json()
    validate(answer, "Runs")
    assert [run["run"] for run in answer["runs"]] == list(RUNS)
    assert {run["run"]: run["models"] for run in answer["runs"]}["pair"] == ["critic", "model"]


def test_rows_of_runs_are_what_their_reports_say(server: Server) -> None:
    names = ["two_phases", "nowhere", "fit/train", "long/train", "newer"]
    query = "&".join(f"run={name}" for name in names)
    answer = server.ask(f"/data/plugin/batch_norm/overview?{query}").json()
    validate(answer, "Overview")
    assert answer["left"] == 0
    rows = {row["run"]: row for row in answer["rows"]}
    assert list(rows) == ["two_phases", "fit/train", "long/train", "newer"]
    stamps = {run["run"]: run["stamp"] for run in server.route("runs").json()["runs"]}
    assert {run: row["stamp"] for run, row in rows.items()} == {run: stamps[run] for run in rows}
    worst = rows["long/train"]
    given = server.route("report", run="long/train").json()["steps"]  # the first may be left out
    assert (worst["worst"], worst["layers"]) == ("error", 4)
    assert worst["steps"] == [given[0], 5000]
    assert ("BN101", 4) in {(one["code"], one["layers"]) for one in worst["findings"]}
    assert set(worst["training_share"]) == {0.0}
    healthy = rows["fit/train"]
    assert set(healthy["training_share"]) == {1.0}
    assert healthy["curve"]["name"] == "batch_loss"
    assert healthy["curve"]["ends"] == [1.0, 0.02]
    assert "update tb_bnplugin" in rows["newer"]["notes"][0]
    assert (rows["newer"]["passed"], rows["newer"]["layers"]) == (0, 0)


@pytest.mark.parametrize("run", [run for run in RUNS if run not in {"newer", "no_value"}])
def test_reports_match_the_schema(server: Server, run: str) -> None:
    validate(server.route("report", run=run).json(), "Report")


def test_findings_of_5000_records_are_those_of_the_command_line(
    server: Server, logdir: Path
) -> None:
    (checked,) = check(logdir, "^long/train$")
    report = server.route("report", run="long/train").json()
    expected = {
        (entry.code, entry.status, entry.severity, entry.layers) for entry in checked.outcomes
    }
    assert ("BN101", "finding", "error", ("bn_0", "bn_1", "bn_2", "bn_3")) in expected
    assert {_identity(entry) for entry in report["outcomes"]} == expected


def test_report_tells_how_many_records_were_given(server: Server) -> None:
    report = server.route("report", run="long/train").json()
    assert report["records"] == {"given": 1000, "made": 5000}
    assert report["steps"][-1] == 5000


def test_both_phases_are_complete(server: Server) -> None:
    report = server.route("report", run="two_phases").json()
    assert report["steps"] == list(range(1, 101))
    assert report["phases"] == [{"step": 1, "reason": "fit"}, {"step": 51, "reason": "compile"}]


def test_column_has_a_row_for_each_layer(server: Server) -> None:
    column = server.route("column", run="fit/train", name="moving_variance").json()
    validate(column, "Column")
    assert column["values"] == [[0.5] * 50] * 3


def test_layer_has_its_own_channels(server: Server) -> None:
    layer = server.route("layer", run="fit/train", layer=1).json()
    validate(layer, "Layer")
    # 24 channels of three layers, values counted up: record 1, row 0, channels 8 to 15.
    assert layer["channels"]["steps"] == [25, 50]
    assert layer["channels"]["last"]["mean"] == [float(96 + 8 + index) for index in range(8)]


def test_layer_without_channels_says_so(server: Server) -> None:
    assert server.route("layer", run="hostile", layer=0).json()["channels"] is None


def test_scalars_of_both_runs_lie_on_the_step_axis(server: Server) -> None:
    answer = server.route("scalars", run="fit/train").json()
    validate(answer, "Scalars")
    placed = {(entry["run"], entry["tag"]): entry for entry in answer["series"]}
    assert [point[0] for point in placed["fit/validation", "epoch_loss"]["points"]] == [25, 50]
    assert [point[0] for point in placed["fit/train", "batch_loss"]["points"]] == [*range(1, 51)]


def test_comparison_names_both_runs(server: Server) -> None:
    answer = server.route("comparison", run="fit/train", other="long/train").json()
    validate(answer, "Comparison")
    assert {tuple(entry["runs"]) for entry in answer["outcomes"]} == {("fit/train", "long/train")}


def test_rules_are_documented(server: Server) -> None:
    answer = server.route("rules").json()
    validate(answer, "Rules")
    assert {"BN101", "CR101"} <= {rule["code"] for rule in answer["rules"]}


def test_second_model_of_a_run_is_reached_by_its_name(server: Server) -> None:
    report = server.route("report", run="pair", model="critic").json()
    assert (report["model"], len(report["layers"])) == ("critic", 1)


def test_hostile_names_come_as_plain_text(server: Server) -> None:
    answer = server.route("report", run="hostile")
    assert tuple(layer["path"] for layer in answer.json()["layers"]) == HOSTILE_NAMES
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_newer_format_is_named(server: Server) -> None:
    answer = server.route("report", run="newer")
    assert answer.status == 404
    assert b"update tb_bnplugin" in answer.body


def test_cut_file_shows_what_came_before(server: Server) -> None:
    assert server.route("report", run="cut/train").json()["steps"] == list(range(1, 50))


def test_downloads_are_attachments(server: Server) -> None:
    answer = server.route("download", run="fit/train", what="layer", layer=0, format="csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="fit-train-bn-0.csv"'
    assert len(answer.body.splitlines()) == 51


def test_hostile_names_stay_out_of_headers_and_formulas(server: Server) -> None:
    answer = server.route("download", run="hostile", what="layer", layer=2, format="json")
    assert answer.headers["content-disposition"] == (
        'attachment; filename="hostile-two-lines-31m.json"'
    )


def test_head_gives_headers_only(server: Server) -> None:
    answer = server.route("report", "HEAD", run="fit/train")
    assert (answer.status, answer.body) == (200, b"")


def test_answers_are_compressed_when_accepted(server: Server) -> None:
    path = "/data/plugin/batch_norm/report?run=fit/train"
    compressed = server.ask(path, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(compressed.body) == server.ask(path).body


def test_record_that_cannot_be_decoded_leaves_the_others(server: Server) -> None:
    report = server.route("report", run="misshapen").json()
    assert report["steps"] == [*range(1, 51)]
    assert any("wrong_size" in note for note in report["notes"])


def test_tag_without_a_value_is_skipped_or_named(server: Server) -> None:
    answer = server.route("report", run="no_value")
    if answer.status == 200:  # the fast loader gives the tag an empty value
        assert answer.json()["steps"] == [*range(1, 51)]
    else:  # the Python loader lists nothing of such a run
        assert answer.status == 404
        assert b"has no value" in answer.body


BAD = [
    ("report", {}, 400),
    ("overview", {}, 400),
    ("report", {"run": "nowhere"}, 404),
    ("report", {"run": ""}, 404),
    ("report", {"run": "../../etc"}, 404),
    ("report", {"run": "fit/train", "model": "nobody"}, 404),
    ("column", {"run": "fit/train"}, 400),
    ("column", {"run": "fit/train", "name": "__class__"}, 404),
    ("layer", {"run": "fit/train"}, 400),
    ("layer", {"run": "fit/train", "layer": "first"}, 400),
    ("layer", {"run": "fit/train", "layer": "-1"}, 400),
    ("layer", {"run": "fit/train", "layer": "\u0663"}, 400),
    ("layer", {"run": "fit/train", "layer": "99"}, 404),
    ("layer", {"run": "fit/train", "layer": "9" * 5000}, 400),
    ("scalars", {}, 400),
    ("comparison", {"run": "fit/train"}, 400),
    ("comparison", {"run": "fit/train", "other": "nowhere"}, 404),
    ("download", {"run": "fit/train", "what": "everything", "format": "json"}, 400),
    ("download", {"run": "fit/train", "what": "findings", "format": "exe"}, 400),
    ("download", {"run": "fit/train", "what": "layer", "format": "csv"}, 400),
]


@pytest.mark.parametrize(("route", "arguments", "status"), BAD)
def test_bad_arguments_get_one_plain_line(
    server: Server, route: str, arguments: dict[str, str], status: int
) -> None:
    answer = server.route(route, **arguments)
    assert answer.status == status
    assert answer.headers["content-type"].startswith("text/plain")
    assert len(answer.body.decode().splitlines()) == 1


def test_repeated_argument_is_refused(server: Server) -> None:
    answer = server.ask("/data/plugin/batch_norm/report?run=fit/train&run=pair")
    assert answer.status == 400
    assert b"2 times" in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(server: Server, method: str) -> None:
    answer = server.route("runs", method)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path",
    [
        "../plugin.py",
        "..%2fplugin.py",
        "%2e%2e/plugin.py",
        "static/../plugin.py",
        "index.js/../../plugin.py",
        "plugin.py",
        "/etc/passwd",
        "index.js/..%5cplugin.py",
        "api.schema.json",
    ],
)
def test_no_other_file_is_served(server: Server, path: str) -> None:
    assert server.ask(f"/data/plugin/batch_norm/{path}").status in {400, 404}


def test_no_request_made_the_server_fail(server: Server) -> None:
    printed = server.log.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in printed
    assert "will become an error" not in printed


def test_everything_works_below_a_path_prefix_and_without_tensorflow(logdir: Path) -> None:
    with serve(logdir, "--load_fast=false", prefix="/some/where", tensorflow=False) as started:
        started.wait_for_log(logdir)
        assert started.ask("/data/plugins_listing").json()["batch_norm"]["enabled"]
        validate(started.route("report", run="fit/train").json(), "Report")


def test_limits_of_the_user_are_kept(logdir: Path) -> None:
    flags = ("--load_fast=true", "--samples_per_plugin=batch_norm=40")
    with serve(logdir, *flags, tensorflow=False) as started:
        started.wait_for_log(logdir)
        given: dict[str, Any] = started.route("report", run="long/train").json()["records"]
        assert given == {"given": 40, "made": 5000}


def _identity(outcome: dict[str, Any]) -> tuple[str, str, str, tuple[str, ...]]:
    return outcome["code"], outcome["status"], outcome["severity"], tuple(outcome["layers"])

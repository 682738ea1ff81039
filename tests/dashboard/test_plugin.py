from __future__ import annotations

import argparse
import csv
import io
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tensorboard.backend import application
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins import base_plugin
from werkzeug import test

from tb_bnplugin.dashboard import analysis, download, plugin
from tb_bnplugin.dashboard.analysis import Analyses, Analysis
from tb_bnplugin.dashboard.loader import BatchNormLoader
from tb_bnplugin.dashboard.payload.curve import LossReader
from tb_bnplugin.dashboard.plugin import BatchNormPlugin
from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.history.model import RunHistory
from tb_bnplugin.logs.provider import Reader
from tests.dashboard.write_log import write_history
from tests.support.histories import create_history


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """Two runs behind TensorBoard's Python loader."""
    write_history(tmp_path, create_history())
    write_history(tmp_path, create_history(run="other"))
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(tmp_path)).Reload()
    return Reader(MultiplexerDataProvider(multiplexer, str(tmp_path)))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, {"batch_norm": 1000, "batch_norm_channels": 60}),
        ({"batch_norm": 5, "images": 3}, {"batch_norm": 5, "images": 3, "batch_norm_channels": 60}),
    ],
)
def test_loader_raises_the_limits_the_user_has_not_set(
    limits: dict[str, int], expected: dict[str, int]
) -> None:
    flags = argparse.Namespace(samples_per_plugin=limits)
    BatchNormLoader().fix_flags(flags)
    assert flags.samples_per_plugin == expected


@pytest.mark.parametrize("flags", [argparse.Namespace(), argparse.Namespace(samples_per_plugin="")])
def test_loader_never_raises(flags: argparse.Namespace) -> None:
    BatchNormLoader().fix_flags(flags)


def test_loader_imports_the_plugin_when_it_is_loaded() -> None:
    program = "import sys, tb_bnplugin.dashboard.loader; print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "tb_bnplugin.dashboard.loader" in printed
    assert not {"tb_bnplugin.dashboard.plugin", "numpy", "tensorflow"} & set(printed)


def test_run_is_read_again_only_when_it_grew(reader: Reader) -> None:
    analyses = Analyses()
    listing = reader.list_runs()["train"]
    first = analyses.get(reader, "", listing)
    assert analyses.get(reader, "", reader.list_runs()["train"]) is first
    grown = type(listing)(run="train", tags=listing.tags, notes=(), newest=(51, 1051.0))
    assert analyses.get(reader, "", grown) is not first


def test_one_of_many_threads_reads_a_run(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    analyze = analysis.analyze_run

    def count(history: RunHistory) -> Analysis:
        read.append(history.run)
        return analyze(history)

    monkeypatch.setattr(analysis, "analyze_run", count)
    analyses, listing = Analyses(), reader.list_runs()["train"]
    threads = [threading.Thread(target=analyses.get, args=(reader, "", listing)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 1


def test_histories_in_memory_are_bounded(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "HELD_RUNS", 1)
    analyses, listings = Analyses(), reader.list_runs()
    first = analyses.get(reader, "", listings["train"])
    analyses.get(reader, "", listings["other"])
    assert analyses.get(reader, "", listings["train"]) is not first


def test_rows_of_many_runs_leave_the_histories_that_are_held(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "HELD_RUNS", 1)
    analyses, listings = Analyses(), reader.list_runs()
    first = analyses.get(reader, "", listings["train"])
    analyses.row(reader, "", listings["other"], LossReader(reader, []))
    assert analyses.known_row("", listings["other"]) is not None
    assert analyses.get(reader, "", listings["train"]) is first


def test_run_that_cannot_be_read_now_says_so_and_is_tried_again(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyses, listing = Analyses(), reader.list_runs()["train"]
    with monkeypatch.context() as patched:
        patched.setattr(Reader, "read_records", lambda *_: 1 / 0)
        row = json.loads(analyses.row(reader, "", listing, LossReader(reader, [])).encoded)
    assert row["notes"] == ["cannot be read now: ZeroDivisionError: division by zero"]
    assert analyses.known_row("", listing) is None
    assert (
        json.loads(analyses.row(reader, "", listing, LossReader(reader, [])).encoded)["layers"] == 3
    )


def client_of(reader: Reader) -> test.Client:
    context = base_plugin.TBContext(data_provider=reader._provider)
    return test.Client(
        application.TensorBoardWSGI([BatchNormPlugin(context)], data_provider=reader._provider)
    )


def test_list_of_many_runs_does_not_wait_for_all(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(reader)
    monkeypatch.setattr(plugin, "LISTING_SECONDS", 0.0)
    runs = client.get("/data/plugin/batch_norm/runs").get_json()["runs"]
    assert [(run["run"], run["errors"]) for run in runs] == [("other", None), ("train", None)]
    monkeypatch.setattr(plugin, "LISTING_SECONDS", 60.0)
    runs = client.get("/data/plugin/batch_norm/runs").get_json()["runs"]
    assert [(run["run"], run["errors"]) for run in runs] == [("other", 0), ("train", 0)]


def test_answer_about_many_runs_does_not_wait_for_all(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, path = (
        client_of(reader),
        "/data/plugin/batch_norm/overview?run=train&run=gone&run=other",
    )
    monkeypatch.setattr(plugin, "OVERVIEW_SECONDS", 0.0)
    answer = client.get(path).get_json()
    assert ([row["run"] for row in answer["rows"]], answer["left"]) == (["train"], 2)
    monkeypatch.setattr(plugin, "OVERVIEW_SECONDS", 60.0)
    answer = client.get(path).get_json()
    assert ([row["run"] for row in answer["rows"]], answer["left"]) == (["train", "other"], 0)


def test_so_many_runs_and_no_more_may_be_asked_for_at_once(reader: Reader) -> None:
    client = client_of(reader)
    query = "&".join(f"run=r{at}" for at in range(plugin.OVERVIEW_RUNS))
    assert client.get(f"/data/plugin/batch_norm/overview?{query}").get_json()["rows"] == []
    assert client.get(f"/data/plugin/batch_norm/overview?{query}&run=one").status_code == 400


@pytest.mark.parametrize("name", sorted(plugin.STATIC))
def test_page_is_served_with_its_type(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_text("the page")
    monkeypatch.setattr(plugin, "_STATIC_FOLDER", tmp_path)
    answer = client_of(reader).get(f"/data/plugin/batch_norm/{name}")
    assert (answer.status_code, answer.text) == (200, "the page")
    assert answer.content_type == f"{plugin.STATIC[name]}; charset=utf-8"


def test_page_that_is_not_built_says_how(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "_STATIC_FOLDER", tmp_path)
    answer = client_of(reader).get("/data/plugin/batch_norm/index.js")
    assert answer.status_code == 404
    assert "make build" in answer.text


def test_cell_of_a_download_is_no_formula() -> None:
    history = create_history(layers=1, run="=1+1", layer_facts={"channels": 8})
    outcome = Outcome(
        code="BN1", name="n", status="ok", severity="info", layers=("=cmd()",), message="@now"
    )
    file = download.findings("=1+1", history, [outcome], "csv")
    row = next(csv.DictReader(io.StringIO(file.content.decode())))
    assert (row["run"], row["layers"], row["message"]) == ("'=1+1", "'=cmd()", "'@now")

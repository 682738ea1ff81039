"""The HTML file of a log: what it holds is what the routes answer, and nothing leaves it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins import base_plugin
from werkzeug import test

from tb_bnplugin.cli import main
from tb_bnplugin.dashboard.analysis import analyze_run
from tb_bnplugin.dashboard.plugin import BatchNormPlugin
from tb_bnplugin.dashboard.report import collect as collecting
from tb_bnplugin.dashboard.report import ledgers as report_ledgers
from tb_bnplugin.dashboard.report import page
from tb_bnplugin.dashboard.report.collect import collect
from tb_bnplugin.dashboard.report.ledgers import ledgers
from tb_bnplugin.logs.check import read_folder
from tb_bnplugin.logs.whole_folder import WholeLogFolder
from tests.dashboard.logs import HOSTILE_NAMES
from tests.dashboard.write_log import channel_records, event_of, scalar_event, write_history
from tests.support.histories import create_history, create_loss, inference_columns

STUCK = inference_columns() | {"moving_mean": 0.0, "moving_variance": 1.0}
EVIL = "</script><script>alert(1)</script><!--"


class Parsed(HTMLParser):
    """Each element with its attributes, and the texts inside of scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script":
            self.scripts[-1] += data


def write(logdir: Path) -> None:
    """A run with findings, scalars, channels and odd names, and a healthy one."""
    history = create_history(columns=STUCK, losses=[create_loss()], layers=len(HOSTILE_NAMES))
    rows = zip(history.facts.layers, (EVIL, *HOSTILE_NAMES[1:]), strict=True)
    layers = tuple(replace(layer, path=path) for layer, path in rows)
    history = replace(history, facts=replace(history.facts, layers=layers))
    channels = sum(layer.channels or 0 for layer in layers)
    values = np.arange(2 * 4 * channels, dtype=np.float32).reshape(2, 4, channels)
    extra = [event_of(record) for record in channel_records(history, (25, 50), values)]
    extra += [scalar_event("batch_loss", step, 1000.0 + step, 1 / step) for step in range(1, 51)]
    write_history(logdir, history, extra)
    write_history(logdir, create_history(run="other"))


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    write(tmp_path / "logs")
    return tmp_path / "logs"


def written(logdir: Path, *arguments: str) -> str:
    output = logdir.parent / "r.html"
    assert main(["report", str(logdir), "-o", str(output), *arguments]) == 0
    return output.read_text(encoding="utf-8")


def held(text: str) -> Any:
    parsed = Parsed()
    parsed.feed(text)
    return json.loads(parsed.scripts[0])


def test_nothing_outside_of_the_file_is_named(logdir: Path) -> None:
    text = written(logdir)
    parsed = Parsed()
    parsed.feed(text)
    assert [tag for tag, _ in parsed.elements].count("script") == 2
    addresses = [given for _, given in parsed.elements if {"src", "href"} & set(given)]
    assert addresses == []
    assert not re.search(r"@import|url\((?!['\"]?data:)", text.split("</style>")[0])
    (policy,) = (given["content"] for _, given in parsed.elements if "http-equiv" in given)
    assert policy is not None
    assert policy.startswith("default-src 'none';")


def test_the_answers_are_those_of_the_routes(logdir: Path) -> None:
    """As TensorBoard's own loader reads them."""
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(logdir)).Reload()
    provider = MultiplexerDataProvider(multiplexer, str(logdir))
    plugin = BatchNormPlugin(base_plugin.TBContext(data_provider=provider))
    answers = held(written(logdir))["answers"]
    for entry in answers:
        app = plugin.get_plugin_apps()[f"/{entry['route']}"]
        response = test.Client(app).get(query_string=entry["arguments"])
        answer = response.get_json()
        if entry["route"] == "layer" and entry["arguments"]["run"] == "other":
            answer["channels"] = None  # no finding names these layers
        if entry["route"] == "runs":
            entry["answer"]["runs"].sort(key=lambda run: run["run"])
        assert entry["answer"] == answer, entry["arguments"]
    asked = [(entry["route"], entry["arguments"].get("run")) for entry in answers]
    assert asked.count(("layer", "train")) == len(HOSTILE_NAMES)
    assert {("report", "other"), ("scalars", "train"), ("comparison", "train")} <= set(asked)
    layers = [entry["answer"] for entry in answers if entry["route"] == "layer"]
    assert any(layer["channels"] for layer in layers)
    assert any(layer["path"] == EVIL for layer in layers)


def test_the_ledger_of_each_run_is_held(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held_ledgers = held(written(logdir))["ledgers"]
    assert [(each["run"], each["model"]) for each in held_ledgers] == [
        ("other", "model"),
        ("train", "model"),
    ]
    capsys.readouterr()
    assert main(["ledger", str(logdir)]) == 0
    assert "\n\n".join(each["text"] for each in held_ledgers) == capsys.readouterr().out.strip()


def test_ledgers_are_bounded(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    analyses = [analyze_run(history) for history in read_folder(WholeLogFolder(logdir))[0]]
    every, notes = ledgers(analyses)
    assert (len(every), notes) == (2, [])
    one, notes = ledgers(analyses, len(every[0]["text"]))
    assert one == every[:1]
    assert notes == ["1 of 2 mode ledgers are left out; `tb-bnplugin ledger` prints them."]
    monkeypatch.setattr(report_ledgers, "LINES", 2)
    (short, _), _ = ledgers(analyses)
    lines = every[0]["text"].splitlines()
    assert short["text"].splitlines() == [*lines[:2], f"and {len(lines) - 2} more lines"]


def test_what_is_large_is_left_out_and_said(logdir: Path) -> None:
    folder = WholeLogFolder(logdir)
    analyses = [analyze_run(history) for history in read_folder(folder)[0]]
    every, notes, _ = collect(folder, analyses)
    assert notes == []
    first = json.loads(every[0])
    assert (first["route"], first["arguments"]["run"]) == ("report", "train")  # it has the error
    limit = sum(map(len, every)) // 2
    some, notes, _ = collect(folder, analyses, limit)
    assert sum(map(len, some)) <= limit
    assert notes[-1].startswith("Some layers, columns or curves are left out")
    only, notes, _ = collect(folder, analyses, 1)
    assert [json.loads(text)["route"] for text in only] == ["report"]
    assert notes[0].startswith("1 of 2 runs are left out")


def test_of_many_runs_the_wrong_ones_are_kept(
    logdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "SHOWN_RUNS", 1)
    content = held(written(logdir))
    assert content["about"]["notes"] == [
        "1 of 2 runs are left out; --run REGEX chooses the runs.",
    ]
    (runs,) = (entry for entry in content["answers"] if entry["route"] == "runs")
    assert [run["run"] for run in runs["answer"]["runs"]] == ["train"]


def test_long_curves_are_thinned_to_their_last_point(tmp_path: Path) -> None:
    steps = range(1, 2504)
    extra = [scalar_event("batch_loss", step, 1000.0 + step / 50, 1 / step) for step in steps]
    write_history(tmp_path / "logs", create_history(), extra)
    (entry,) = (
        entry
        for entry in held(written(tmp_path / "logs"))["answers"]
        if entry["route"] == "scalars"
    )
    (series,) = entry["answer"]["series"]
    assert 800 < len(series["points"]) <= 1000
    assert series["points"][-1][1] == pytest.approx(1 / 2503, rel=1e-3)


def test_a_checkout_without_the_page_says_how_to_build_it(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(page, "_STATIC", logdir)
    assert main(["report", str(logdir), "-o", str(logdir.parent / "r.html")]) == 2
    assert "make build" in capsys.readouterr().err

"""llms.txt has the form of llmstxt.org, and describes the JSON and the exit codes as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from tb_bnplugin.cli import exit_codes, main
from tb_bnplugin.diagnose.outcome import Severity, Status
from tb_bnplugin.schema.places import Line
from tests.conftest import ROOT
from tests.dashboard.write_log import write_history
from tests.support.histories import CALL, create_history, create_loss, inference_columns

TEXT = (ROOT / "llms.txt").read_text("utf-8")
DETAILS, *SECTIONS = re.split(r"^## ", TEXT, flags=re.MULTILINE)
STUCK = inference_columns() | {"moving_mean": 0.0, "moving_variance": 1.0}
LINE = Line(file="train.py", line=42, function="step", text="    p = m(x)", before=("with t:",))
CALLER = Line(file="train.py", line=70, function="<module>", text="step(x)")


def described(title: str) -> dict[str, str]:
    """What stands beside each name in the list below a title."""
    block = re.search(
        rf"^(?:\*\*{title}\*\*|{title}:)\n\n(.*?)\n\n", TEXT, re.MULTILINE | re.DOTALL
    )
    assert block, title
    items = re.findall(r"^- `(\w+)`: (.+)$", block[1], re.MULTILINE)
    assert len(items) == len(block[1].splitlines())
    return dict(items)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs to compare, with an error that has a place and a caller."""
    folder = tmp_path_factory.mktemp("logs")
    placed = replace(CALL, stack=(LINE, CALLER))
    for run in ("a/train", "b/train"):
        history = create_history(run=run, columns=STUCK, calls=[placed], losses=[create_loss()])
        write_history(folder, history)
    return folder


@pytest.fixture
def report(logs: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    main(["check", str(logs), "--format", "json"])
    return json.loads(capsys.readouterr().out)


def outcomes(report: Any) -> Iterator[Any]:
    for run in report["runs"]:
        yield from run["outcomes"]
    yield from report["comparisons"]


def test_it_has_the_form_of_llmstxt() -> None:
    title, quote, rest = DETAILS.split("\n\n", 2)
    assert re.fullmatch(r"# \S.*", title)
    assert re.fullmatch(r"> \S.*", quote)
    assert not re.search(r"^#", rest, re.MULTILINE)
    assert SECTIONS
    for section in SECTIONS:
        head, links = section.split("\n\n", 1)
        assert "\n" not in head
        lines = links.strip().splitlines()
        assert [line for line in lines if not re.fullmatch(r"- \[.+\]\(\S+\)(: .+)?", line)] == []


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert [link for link in links if not (ROOT / link).is_file()] == []
    assert len(links) > 10


def test_fields_are_those_of_the_json(report: Any) -> None:
    places = [outcome["place"] for outcome in outcomes(report) if outcome["place"]]
    callers = [caller for place in places for caller in place["callers"]]
    models = [model for run in report["runs"] for model in run["models"]]
    real = {
        "Report": [report],
        "Run": report["runs"],
        "Model": models,
        "Outcome": report["comparisons"],
        "Place": places,
        "Caller": callers,
    }
    for title, objects in real.items():
        assert objects, title
        for found in objects:
            assert list(described(title)) == list(found), title
    of_runs = [field for field in described("Outcome") if field != "runs"]
    for run in report["runs"]:
        assert all(list(outcome) == of_runs for outcome in run["outcomes"])


def test_the_kinds_of_values_are_those_of_the_json(report: Any) -> None:
    checked = 0
    for title, objects in (("Run", report["runs"]), ("Outcome", list(outcomes(report)))):
        for field, text in described(title).items():
            values = [found[field] for found in objects if field in found]
            assert all(isinstance(value, list) for value in values) or "a list" not in text
            assert None not in values or re.search(r"\bnull\b", text), field
            checked += len(values)
    assert checked > 100


def test_statuses_severities_and_version_are_those_of_the_code(report: Any) -> None:
    fields = described("Outcome")
    assert set(re.findall(r'"(\w+)"', fields["status"])) == set(get_args(Status))
    said = fields["severity"].partition(";")[0]
    assert set(re.findall(r'"(\w+)"', said)) == set(get_args(Severity))
    assert described("Report")["schema_version"] == str(report["schema_version"])


def test_exit_codes_are_those_of_the_code(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = described("Exit codes of `tb-bnplugin check`")
    constants = (exit_codes.CLEAN, exit_codes.FINDINGS, exit_codes.UNREADABLE)
    assert list(codes) == [str(code) for code in constants]
    assert main(["check", str(logs), "--fail-on", "never"]) == 0
    assert main(["check", str(logs)]) == 1
    assert main(["check", str(logs), "--fail-on", "never", "--strict"]) == 1
    assert main(["check", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_the_guide_has_the_same_exit_codes() -> None:
    guide = (ROOT / "docs" / "ci.md").read_text("utf-8")
    assert re.findall(r"^\| (\d) \|", guide, re.MULTILINE) == list(
        described("Exit codes of `tb-bnplugin check`")
    )

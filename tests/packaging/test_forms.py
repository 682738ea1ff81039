"""The forms for reports are forms as GitHub reads them, and ask for what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tb_bnplugin.cli import main
from tests.conftest import ROOT
from tests.dashboard.write_log import write_history
from tests.support.histories import create_history

FOLDER = ROOT / ".github" / "ISSUE_TEMPLATE"
FORMS = sorted(path.name for path in FOLDER.glob("*.yml") if path.name != "config.yml")
ATTRIBUTES = {
    "dropdown": {"label", "description", "multiple", "options", "default"},
    "input": {"label", "description", "placeholder", "value"},
    "markdown": {"value"},
    "textarea": {"label", "description", "placeholder", "value", "render"},
}


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


def test_there_are_forms() -> None:
    assert len(FORMS) >= 2
    assert read("config.yml").keys() <= {"blank_issues_enabled", "contact_links"}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_one_as_github_reads_it(name: str) -> None:
    form = read(name)
    assert form.keys() >= {"name", "description", "body"}
    assert form.keys() <= {"name", "description", "body", "title", "labels", "assignees"}
    for part in form["body"]:
        assert part.keys() <= {"type", "id", "attributes", "validations"}
        assert part["attributes"].keys() <= ATTRIBUTES[part["type"]]
        assert part["attributes"].keys() & {"label", "value"}
        assert part.get("validations", {"required": True}).keys() == {"required"}
    named = [part["id"] for part in form["body"] if part["type"] != "markdown"]
    assert len(set(named)) == len(named)
    assert all(re.fullmatch(r"[\w-]+", identifier) for identifier in named)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_asks_for_the_report_with_commands_that_work(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_history(tmp_path / "logs", create_history())
    asked = next(part for part in read(name)["body"] if part.get("id") == "report")
    commands = re.findall(r"`tb-bnplugin (report .*?)`", asked["attributes"]["description"])
    assert len(commands) == 2
    for command in commands:
        assert main(command.replace("LOGDIR", "logs").split()) == 0, capsys.readouterr().err
    assert Path("report.md").read_text("utf-8").strip()
    assert Path("report.html").read_text("utf-8").startswith("<!")

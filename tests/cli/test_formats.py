"""The formats of `check` for other programs, and the file of known findings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from tb_bnplugin.cli import main
from tb_bnplugin.schema.places import Line
from tests.dashboard.write_log import write_history
from tests.support.histories import CALL, create_history, inference_columns

STUCK = inference_columns() | {"moving_mean": 0.0, "moving_variance": 1.0}
LINE = Line(
    file="src/my train.py",
    line=42,
    function="step",
    text="    p = m(x)",
    before=("with tf.GradientTape() as tape:",),
)
CALLER = Line(file="/abs/run.py", line=7, function="<module>", text="step(x)")
PLACED = CALL.__class__(**{**vars(CALL), "stack": (LINE, CALLER)})

STRING: dict[str, Any] = {"type": "string"}
MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": STRING}}
LOCATION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "id": {"type": "integer", "minimum": -1},
        "message": MESSAGE,
        "logicalLocations": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"name": STRING, "kind": STRING, "fullyQualifiedName": STRING},
            },
        },
        "physicalLocation": {
            "type": "object",
            "additionalProperties": False,
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "uri": {"type": "string", "format": "uri-reference"},
                        "uriBaseId": STRING,
                    },
                },
                "region": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "startLine": {"type": "integer", "minimum": 1},
                        "snippet": {"type": "object", "properties": {"text": STRING}},
                    },
                },
            },
        },
    },
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
SARIF = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["tool"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": STRING,
                                    "version": STRING,
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": STRING,
                                                "name": STRING,
                                                "shortDescription": MESSAGE,
                                                "fullDescription": MESSAGE,
                                                "help": MESSAGE,
                                                "defaultConfiguration": {
                                                    "type": "object",
                                                    "properties": {"level": LEVEL},
                                                },
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": STRING,
                                "ruleIndex": {"type": "integer", "minimum": -1},
                                "level": LEVEL,
                                "message": MESSAGE,
                                "locations": {"type": "array", "items": LOCATION},
                                "relatedLocations": {"type": "array", "items": LOCATION},
                                "partialFingerprints": {
                                    "type": "object",
                                    "additionalProperties": STRING,
                                },
                                "properties": {"type": "object"},
                            },
                        },
                    },
                },
            },
        },
    },
}
"""The part that we write of the schema of SARIF 2.1.0, and stricter."""


@pytest.fixture
def placed(tmp_path: Path) -> Path:
    write_history(tmp_path, create_history(columns=STUCK, calls=[PLACED]))
    return tmp_path


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    write_history(tmp_path, create_history(columns=STUCK))
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    main(["check", *arguments])
    return capsys.readouterr().out


def test_text_begins_with_the_place(placed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, str(placed))
    assert "src/my train.py:42: error BN101 never-updated" in text
    assert "line: p = m(x) (in step, called from /abs/run.py:7)" in text


def test_json_has_the_place(placed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads(printed(capsys, str(placed), "--format", "json"))
    (place,) = (e["place"] for e in report["runs"][0]["outcomes"] if e["code"] == "BN101")
    assert (place["file"], place["line"], place["before"]) == (LINE.file, 42, list(LINE.before))
    assert [caller["line"] for caller in place["callers"]] == [7]


def test_sarif_is_valid_and_says_where(placed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = json.loads(printed(capsys, str(placed), "--format", "sarif"))
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    (result,) = (each for each in run["results"] if each["ruleId"] == "BN101")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "BN101"
    (at,) = result["locations"]
    assert at["physicalLocation"]["artifactLocation"] == {
        "uri": "src/my%20train.py",
        "uriBaseId": "%SRCROOT%",
    }
    assert at["physicalLocation"]["region"]["startLine"] == 42
    (caller,) = result["relatedLocations"]
    assert caller["physicalLocation"]["artifactLocation"] == {"uri": Path(CALLER.file).as_uri()}


def test_sarif_without_a_place_is_valid(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = json.loads(printed(capsys, str(bare), "--format", "sarif"))
    jsonschema.validate(log, SARIF)
    assert "locations" not in log["runs"][0]["results"][0]


def test_without_a_finding_github_gets_no_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_history(tmp_path, create_history())
    assert printed(capsys, str(tmp_path), "--format", "github") == ""


def test_an_annotation_of_github(placed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = printed(capsys, str(placed), "--format", "github").splitlines()
    assert line.startswith(
        "::error file=src/my train.py,line=42,title=BN101 never-updated::model: All 3 batch"
    )
    assert "%0AFix: " in line


def test_junit_has_a_case_for_each_rule(placed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = ET.fromstring(printed(capsys, str(placed), "--format", "junit"))
    (suite,) = root
    cases = suite.findall("testcase")
    assert int(suite.get("tests", "")) == len(cases)
    assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure")) == 1
    assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped"))
    (failed,) = (case for case in cases if case.find("failure") is not None)
    assert (failed.get("file"), failed.get("line")) == ("src/my train.py", "42")


def test_junit_fails_as_the_exit_code_does(
    placed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(placed), "--format", "junit", "--fail-on", "never"]
    root = ET.fromstring(printed(capsys, *arguments))
    assert not root.findall("testsuite/testcase/failure")
    assert root.findall("testsuite/testcase/system-out")


def test_known_findings_fail_no_more(placed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = placed / "known.json"
    assert main(["check", str(placed)]) == 1
    assert main(["check", str(placed), "--write-baseline", str(known)]) == 0
    capsys.readouterr()
    assert main(["check", str(placed), "--baseline", str(known)]) == 0
    assert "1 expected" in capsys.readouterr().out
    assert json.loads(known.read_text())["findings"][0]["place"] == "src/my train.py:42"


def test_a_finding_on_another_line_is_new(
    placed: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    known = placed / "known.json"
    main(["check", str(placed), "--write-baseline", str(known)])
    for text, number, code in (("    p = m(x)", 50, 0), ("    p = other(x)", 42, 1)):
        line = Line(**{**vars(LINE), "text": text, "line": number})
        call = CALL.__class__(**{**vars(CALL), "stack": (line,)})
        folder = tmp_path_factory.mktemp("moved")
        write_history(folder, create_history(columns=STUCK, calls=[call]))
        assert main(["check", str(folder), "--baseline", str(known)]) == code
    assert "did not appear" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "{", "[]", '{"schema_version": 1}', '{"findings": []}'])
def test_what_is_no_baseline_gives_2(
    content: str | None, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = bare / "known.json"
    if content is not None:
        known.write_text(content)
    assert main(["check", str(bare), "--baseline", str(known)]) == 2
    assert "baseline" in capsys.readouterr().err

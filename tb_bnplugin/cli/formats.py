"""The formats of `tb-bnplugin check` for other programs: SARIF, annotations of GitHub, JUnit."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

import tb_bnplugin
from tb_bnplugin.cli.baseline import fingerprint
from tb_bnplugin.cli.style import cut, printable
from tb_bnplugin.diagnose import Outcome, explain
from tb_bnplugin.diagnose.outcome import Place
from tb_bnplugin.logs.check import Report

SARIF_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def sarif(report: Report) -> str:
    """The findings as a SARIF 2.1.0 log, with the rules they are of."""
    codes = list(dict.fromkeys(outcome.code for outcome in report.findings))
    driver = {
        "name": "tb_bnplugin",
        "version": tb_bnplugin.__version__,
        "rules": [_sarif_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(each, codes.index(each.code)) for each in report.findings],
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def github(report: Report) -> str:
    """A workflow command of GitHub for each finding: an annotation beside the line."""
    return "\n".join(_annotation(outcome) for outcome in report.findings)


def junit(report: Report, failing: Container[str]) -> str:
    """Every rule as a test case of its run and model: failed, passed, skipped or in error.

    Args:
        report: of the log folder.
        failing: severities of findings that fail; others are told in a case that passes.
    """
    root = ET.Element("testsuites", name="tb_bnplugin")
    suites = [(run.run, run.outcomes) for run in report.runs]
    if report.comparisons:
        suites.append(("runs compared", report.comparisons))
    for name, outcomes in suites:
        suite = ET.SubElement(root, "testsuite", name=_xml(name))
        counted = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
        for outcome in outcomes:
            counted["tests"] += 1
            what = _junit_case(suite, name, outcome, failing)
            if what:
                counted[what] += 1
        for key, count in counted.items():
            suite.set(key, str(count))
    ET.indent(root, " ")
    return ET.tostring(root, "unicode", xml_declaration=False)


def _sarif_rule(code: str) -> dict[str, Any]:
    rule = explain(code)
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.section("Why it matters")},
        "help": {"text": rule.section("What to do")},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _sarif_result(outcome: Outcome, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": outcome.code,
        "ruleIndex": index,
        "level": _LEVELS[outcome.severity],
        "message": {"text": _said(outcome)},
        "partialFingerprints": {"finding/v1": fingerprint(outcome)},
        "properties": {"model": outcome.model, "layers": list(outcome.layers)},
    }
    place = outcome.place
    if place is not None:
        result["locations"] = [_sarif_location(place.file, place.line, place.function, place.text)]
        if place.callers:
            result["relatedLocations"] = [
                {
                    **_sarif_location(line.file, line.line, line.function, line.text.strip()),
                    "id": number,
                    "message": {"text": "called from here"},
                }
                for number, line in enumerate(place.callers, start=1)
            ]
    return result


def _sarif_location(file: str, line: int, function: str, text: str) -> dict[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"name": function, "kind": "function"}]}
    region = {"startLine": max(1, line), "snippet": {"text": text}}
    if not is_file(file):  # a notebook's cell
        location["logicalLocations"][0]["fullyQualifiedName"] = f"{file}:{line}"
        return location
    if PurePath(file).is_absolute():
        where = {"uri": PurePath(file).as_uri()}
    else:
        where = {"uri": quote(file), "uriBaseId": "%SRCROOT%"}
    location["physicalLocation"] = {"artifactLocation": where, "region": region}
    return location


def is_file(name: str) -> bool:
    """False of a notebook's cell, "In [3]"."""
    return not name.startswith("In [")


def _annotation(outcome: Outcome) -> str:
    properties = {"title": f"{outcome.code} {outcome.name}"}
    if outcome.place is not None and is_file(outcome.place.file):
        properties = {"file": outcome.place.file, "line": str(outcome.place.line), **properties}
    given = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return f"::{_COMMANDS[outcome.severity]} {given}::{_escaped(_said(outcome))}"


def _escaped(text: str, also: str = "") -> str:
    for char in "%\r\n" + also:  # the percent sign first
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def _said(outcome: Outcome) -> str:
    model = f"{outcome.model}: " if outcome.model else ""
    fix = f"\nFix: {outcome.fix}" if outcome.fix else ""
    return "\n".join(printable(line) for line in cut(f"{model}{outcome.message}{fix}").split("\n"))


def _junit_case(
    suite: ET.Element, run: str, outcome: Outcome, failing: Container[str]
) -> str | None:
    """Add one test case; in which attribute of the suite it counts, None where it passed."""
    case = ET.SubElement(
        suite,
        "testcase",
        classname=_xml(".".join(part for part in (run, outcome.model) if part)),
        name=f"{outcome.code} {outcome.name}",
        time="0",
    )
    place: Place | None = outcome.place
    if place is not None and is_file(place.file):
        case.set("file", _xml(place.file))
        case.set("line", str(place.line))
    if outcome.status == "not_checked":
        ET.SubElement(case, "skipped", message=_xml(outcome.reason or ""))
        return "skipped"
    if outcome.status == "crashed":
        ET.SubElement(case, "error", message=_xml(outcome.reason or ""))
        return "errors"
    if outcome.status != "finding":
        return None
    text = "\n".join(_told(outcome))
    if outcome.expected or outcome.severity not in failing:
        ET.SubElement(case, "system-out").text = _xml(text)
        return None
    failure = ET.SubElement(case, "failure", message=_xml(outcome.message), type=outcome.severity)
    failure.text = _xml(text)
    return "failures"


def _told(outcome: Outcome) -> Iterator[str]:
    if outcome.place is not None:
        yield f"{outcome.place}: {outcome.place.text}"
    yield _said(outcome)


def _xml(text: str) -> str:
    return _NOT_IN_XML.sub("?", text)

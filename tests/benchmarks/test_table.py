"""What of made-up results is written, and read again."""

from __future__ import annotations

import ast
import json
import re

import pytest

from benchmarks.findings import table
from benchmarks.findings.results import Found, Proof, Result
from benchmarks.findings.runner import ROOT, programs
from benchmarks.findings.score import score
from tests.benchmarks.results import faulty, healthy

FULL = faulty(
    "loop",
    "BN101",
    "BN109",
    title="A loop.",
    report="https://example.org/1",
    lateness=2,
    notes=("skipped",),
    miss_reason={"BN109": "no probe"},
)


def test_a_result_survives_json() -> None:
    found = Found(code="BN101", severity="error", layers=2, steps=(1, 60), message="Never.")
    result = healthy("net", found, told=("BN201 warning",), error="Traceback")
    assert Result.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_the_line_of_a_miss_names_the_code() -> None:
    assert "missed BN101, BN109" in table.line(FULL)
    assert table.line(FULL).startswith("MISS")


def test_the_line_of_a_broken_program_says_what_did_not_hold() -> None:
    broken = healthy("net", proofs=(Proof(text="accuracy 0.10", held=False),))
    assert table.line(broken).startswith("BAD")
    assert "not held: accuracy 0.10" in table.line(broken)


def test_the_page_lists_a_miss_with_its_reason() -> None:
    assert "| loop | keras | BN109 | no probe |" in table.page([FULL], "TensorFlow 2")


def test_the_page_lists_a_false_alarm_with_its_words() -> None:
    alarm = healthy("net", Found(code="BN201", severity="warning", message="a|b"))
    assert "| net | keras | BN201 warning | a\\|b |" in table.page([alarm], "TensorFlow 2")


def test_the_page_links_the_report() -> None:
    assert "[loop](https://example.org/1)" in table.page([FULL], "TensorFlow 2")


def test_totals_name_the_programs_that_changed() -> None:
    assert "changed: net" in table.totals(score([healthy("net", changed=True)], "keras"))


def test_an_unknown_program_is_refused() -> None:
    with pytest.raises(ValueError, match="no program 'nonsense'"):
        programs(["nonsense"])


@pytest.mark.parametrize("program", programs(["faulty"]))
def test_a_faulty_program_names_its_report_and_codes_of_both_flavours(program: str) -> None:
    source = (ROOT / "benchmarks" / "findings" / f"{program}.py").read_text()
    assigned = {
        node.targets[0].id: node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    report = ast.literal_eval(assigned["REPORT"])
    assert report.startswith("https://") or "docs/design.md" in report
    expected = assigned["EXPECTED"]
    assert isinstance(expected, ast.Dict)
    flavours = assigned.get("FLAVOURS")  # of a program that exists on one alone
    expects = [ast.literal_eval(key) for key in expected.keys if key]
    assert expects == (list(ast.literal_eval(flavours)) if flavours else ["keras", "tf_keras"])
    assert re.search(r'"(BN|LR|CR|RC)\d{3}"', ast.unparse(expected).replace("'", '"'))


def test_places_stand_in_totals_and_on_the_page() -> None:
    results = [
        faulty("right", "BN101", found=("BN101",), marked=("BN101",)),
        faulty("far", "BN101", found=("BN101",), marked=("BN101",), misplaced=("BN101 at a.py:3",)),
    ]
    text = table.totals(score(results, "keras"))
    assert re.search(r"places +1 of 2 right \(50%\), 1 at another line", text)
    assert "not at the marked line: far BN101 at a.py:3" in text
    assert "| far | keras | BN101 | at a.py:3 |" in table.page(results, "TensorFlow 2")


def test_an_older_result_has_no_places() -> None:
    older = {name: value for name, value in FULL.to_json().items() if name != "marked"}
    assert Result.from_json(older) == FULL
    assert re.search(r"places +-$", table.totals(score([FULL], "keras")), re.MULTILINE)

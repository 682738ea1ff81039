"""The programs of the fixes cover every rule, and their results are judged as they should be."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fixes import table
from benchmarks.fixes.figures import figures_of
from benchmarks.fixes.marks import MARK, read_marks
from benchmarks.fixes.results import KEPT, MEANT, REMOVED, ROLES, Cured, Result
from benchmarks.fixes.run_program import matches
from benchmarks.fixes.runner import HERE, programs
from tb_bnplugin.diagnose import COMPARISONS, RULES

FILES = [HERE / f"{program}.py" for program in programs()]
NUMBERS = ("RULE", "NUMBER", "HEALTHY")

CURE = Cured(name="cured", after=0.9, healed=True, gone=True, new=(), applied=(), seconds=1.0)
WORKS = Result(
    name="bn101_loop",
    flavour="keras",
    rule="BN101",
    number="accuracy",
    healthy=(0.8, 1.0),
    severity="error",
    fix="Call it.",
    before=0.1,
    cures=(CURE,),
)
FAILS = {
    "died": replace(WORKS, error="Traceback"),
    "not found": replace(WORKS, severity=""),
    "not faulty": replace(WORKS, before=0.9),
    "not as printed": replace(WORKS, unmatched=("f(x)",)),
    "not run": replace(WORKS, cures=()),
    "the finding stays": replace(WORKS, cures=(replace(CURE, gone=False),)),
    "a new warning": replace(WORKS, cures=(replace(CURE, new=("BN201 warning: it",)),)),
    "not healed": replace(WORKS, cures=(replace(CURE, healed=False),)),
}


def constants(file: Path) -> dict[str, Any]:
    named = {}
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            named[statement.targets[0].id] = statement.value
    return named


def test_every_rule_has_a_program() -> None:
    rules = {ast.literal_eval(constants(file)["RULE"]) for file in FILES}
    assert {module.RULE.code for module in (*RULES, *COMPARISONS)} == rules


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_program_says_what_it_is_and_marks_each_cure(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    assert (ast.get_docstring(ast.parse(source)) or "").endswith(".")
    named = constants(file)
    assert set(NUMBERS) <= set(named)
    assert file.stem.split("_")[0] == ast.literal_eval(named["RULE"]).lower()
    cures = ast.literal_eval(named["CURES"]) if "CURES" in named else ("cured",)
    for cure in cures:
        marks = read_marks(source, cure)
        assert marks.cured or marks.faulty, f"nothing is marked for {cure!r}"
    compared = {
        node.comparators[0].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Compare)
        and isinstance(node.left, ast.Name)
        and node.left.id == MARK
        and isinstance(node.comparators[0], ast.Constant)
    }
    assert compared <= {*cures, None}


def test_a_cure_that_works() -> None:
    assert WORKS.works
    assert all(figure.holds for figure in figures_of([WORKS], every=False))
    assert table.line(WORKS).startswith("ok")


@pytest.mark.parametrize("name", FAILS)
def test_what_is_no_cure(name: str) -> None:
    assert not FAILS[name].works
    assert table.line(FAILS[name]).startswith("FAIL")
    assert name == "not run" or not all(
        figure.holds for figure in figures_of([FAILS[name]], every=False)
    )


def test_a_finding_may_stay_where_the_program_says_why() -> None:
    stays = replace(FAILS["the finding stays"], stays="it is meant")
    assert stays.works
    assert "stays: it is meant" in table.page([stays], "TensorFlow")


def test_a_role_says_where_the_code_of_a_fix_is() -> None:
    program = "y = bn(x) if cure else bn(x, training=True)\nz = f(y)"
    marks = [read_marks(program, "cured")]
    assert matches("bn(x)", None, marks)
    assert not matches("bn(x, training=True)", None, marks)
    assert matches("bn(x, training=True)", REMOVED, marks)
    assert not matches("bn(x)", REMOVED, marks)
    assert matches("f(y)", KEPT, marks)
    assert not matches("f(y, 1)", KEPT, marks)
    assert matches('expect=("BN104",)', MEANT, marks)
    assert not matches("f(y)", MEANT, marks)
    assert all(matches("f(y)", role, marks) for role in ROLES if role not in (REMOVED, MEANT))


def test_code_that_no_flavour_prints_is_told() -> None:
    mine = replace(WORKS, unprinted=("f(x)",))
    other = replace(WORKS, flavour="tf_keras")
    assert table.unprinted([mine, other]) == []
    assert table.unprinted([mine, replace(other, unprinted=("f(x)",))]) == ["bn101_loop: f(x)"]


def test_json_gives_the_result_back() -> None:
    assert Result.from_json(json.loads(json.dumps(WORKS.to_json()))) == WORKS


def test_the_page_tells_a_text_once_for_both_flavours() -> None:
    other = replace(WORKS, flavour="tf_keras")
    assert table.page([WORKS, other], "TensorFlow").count("> Call it.") == 1
    assert "> tf_keras: Call me." in table.page([WORKS, replace(other, fix="Call me.")], "")


def test_rules_without_a_program_are_named() -> None:
    codes = [module.RULE.code for module in (*RULES, *COMPARISONS)]
    results = [replace(WORKS, rule=code) for code in codes[1:]]
    assert table.rules_without(results) == codes[:1]

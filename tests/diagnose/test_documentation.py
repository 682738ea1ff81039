"""The documentation of the rules holds what the code does."""

from __future__ import annotations

import importlib
import re
import shutil
import sys
from pathlib import Path

import pytest

from tb_bnplugin.diagnose import COMPARISONS, RULES, explain, explain_all, pages
from tb_bnplugin.diagnose import rules as rules_package
from tb_bnplugin.diagnose.documentation import HEADINGS
from tb_bnplugin.diagnose.rule import Documented
from tb_bnplugin.errors import UnknownRuleError

ROOT = Path(__file__).parents[2]
ALL: tuple[Documented, ...] = (*RULES, *COMPARISONS)
CODES = [rule.RULE.code for rule in ALL]
REPORT = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+")
WITHOUT_A_REPORT = {"BN110", "BN111", "LR102", "RC101"}  # none is known yet


@pytest.mark.parametrize("code", CODES)
def test_a_rule_has_every_section(code: str) -> None:
    documentation = explain(code)
    assert tuple(section.title for section in documentation.sections) == HEADINGS
    assert all(section.text for section in documentation.sections)
    assert documentation.summary.endswith(".")


def test_a_rule_refers_to_a_real_report_of_its_fault() -> None:
    without = {code for code in CODES if not REPORT.search(explain(code).section("References"))}
    assert without == WITHOUT_A_REPORT


def test_pages_are_as_the_rules_say() -> None:
    assert pages.find_stale(ROOT / "docs" / "rules") == []


def test_the_check_fails_on_a_stale_page(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "docs" / "rules", folder)
    (folder / "BN101.md").write_text("old", "utf-8")
    (folder / "BN999.md").write_text("no rule", "utf-8")
    assert pages.find_stale(folder) == ["BN101.md", "BN999.md"]
    assert pages.main([str(folder), "--check"]) == 1
    assert pages.main([str(folder)]) == 0
    assert pages.main([str(folder), "--check"]) == 0


def test_design_lists_each_rule_as_it_is() -> None:
    table = (ROOT / "docs" / "design.md").read_text("utf-8")
    for rule in ALL:
        row = re.search(rf"^\| {rule.RULE.code} \| ([a-z-]+) \| (\w+)", table, re.MULTILINE)
        assert row is not None
        assert row.groups() == (rule.RULE.name, rule.RULE.severity)


def test_each_rule_has_a_file_of_its_code_and_name() -> None:
    names = {f"{rule.RULE.code}_{rule.RULE.name}".lower().replace("-", "_") for rule in ALL}
    folder = Path(str(rules_package.__file__)).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == names


def test_pages_hold_the_programs_and_what_cures_them() -> None:
    page = pages.create_pages()["BN101.md"]
    for example in explain("BN101").examples.programs:
        assert f"## {example.title}\n" in page
        assert f"```python\n{example.faulty}```" in page
    assert "\n-             loss = loss_fn(y, model(x))\n" in page
    assert "\n+             loss = loss_fn(y, model(x, training=True))\n" in page


def test_an_unknown_code_names_the_known_ones() -> None:
    with pytest.raises(UnknownRuleError, match=r"BN999.*BN101"):
        explain("BN999")


def test_codes_are_found_in_any_case() -> None:
    assert explain(" bn101 ").code == "BN101"


def test_all_are_explained_in_order() -> None:
    assert [documentation.code for documentation in explain_all()] == CODES


def test_a_repeated_code_fails_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = RULES[0], RULES[1]
    monkeypatch.setattr(second, "RULE", first.RULE)
    monkeypatch.delitem(sys.modules, rules_package.__name__)
    with pytest.raises(ImportError, match=f"same code: {first.RULE.code}"):
        importlib.import_module(rules_package.__name__)


@pytest.mark.parametrize("rule", ALL, ids=CODES)
def test_no_text_names_what_keras_3_lacks(rule: Documented) -> None:
    source = Path(str(sys.modules[rule.__name__].__file__)).read_text("utf-8")  # type: ignore[attr-defined]
    assert "set_learning_phase" not in source

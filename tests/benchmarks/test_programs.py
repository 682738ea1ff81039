"""The programs read as users' programs, and what several have in common stands in one place."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from benchmarks.findings.runner import HERE, programs

MOST_LINES = 12  # of an identical run in two programs

FILES = [HERE / f"{program}.py" for program in programs()]


def lines_of(file: Path) -> list[str]:
    """The lines of a program but for blank ones, imports and its docstring."""
    source = file.read_text(encoding="utf-8")
    left_out: set[int] = set()
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if node is tree.body[0] or isinstance(node, ast.Import | ast.ImportFrom):
            left_out.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    numbered = enumerate(source.splitlines(), start=1)
    return [line.strip() for number, line in numbered if line.strip() and number not in left_out]


def test_no_run_of_lines_stands_in_two_programs() -> None:
    places = defaultdict(set)
    for file in FILES:
        lines = lines_of(file)
        for at in range(len(lines) - MOST_LINES):
            places["\n".join(lines[at : at + MOST_LINES + 1])].add(file.stem)
    repeated = {run: sorted(files) for run, files in places.items() if len(files) > 1}
    assert not repeated


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_program_has_a_title_a_report_and_run(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert (ast.get_docstring(tree) or "").endswith(".")
    assigned = {
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    assert "REPORT" in assigned
    assert ("EXPECTED" in assigned) == (file.parent.name == "faulty")
    assert any(each.name == "run" for each in tree.body if isinstance(each, ast.FunctionDef))

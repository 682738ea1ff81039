"""The lines that programs mark as wrong, and the findings that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.findings.marks import marked_codes, marked_lines, misplaced
from benchmarks.findings.runner import HERE, ROOT, programs

TEXT = """\
loss = model(x)  # the fault: BN101, LR103
# the fault: BN104
model.compile(
    "sgd",
)
again = model(x)  # the fault: BN101
"""
FILE = "benchmarks/findings/faulty/one.py"


@pytest.fixture
def marks(tmp_path: Path) -> dict[str, list[str]]:
    program = tmp_path / FILE
    program.parent.mkdir(parents=True)
    program.write_text(TEXT)
    return marked_lines(program)


def test_a_mark_is_of_its_line_or_of_the_next(marks: dict[str, list[str]]) -> None:
    assert marks == {
        "BN101": [f"{FILE}:1", f"{FILE}:6"],
        "LR103": [f"{FILE}:1"],
        "BN104": [f"{FILE}:3"],
    }


def test_what_is_not_at_a_mark(marks: dict[str, list[str]]) -> None:
    places = [("BN101", f"{FILE}:6"), ("BN104", f"{FILE}:2"), ("LR103", ""), ("BN201", "")]
    assert misplaced(marks, places) == (f"BN104 at {FILE}:2", "LR103 nowhere")
    assert marked_codes(marks, ["BN104", "BN201", "BN104"]) == ("BN104",)


def test_the_marks_of_all_programs_are_of_codes_that_they_expect() -> None:
    for program in programs():
        file = HERE / f"{program}.py"
        for code, lines in marked_lines(file).items():
            assert f'"{code}"' in file.read_text(), program
            for line in lines:
                name, _, number = line.rpartition(":")
                assert (ROOT / name).read_text().splitlines()[int(number) - 1].strip(), line
